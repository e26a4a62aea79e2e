import type { HostConfig } from "../config/host-config.ts";
import { readHostConfig } from "../config/read.ts";
import type { SshDestination, SshEnvironment } from "../destination.ts";
import { openMaster } from "./connect.ts";
import { closeMaster, isMasterAlive, sharedControlPath } from "./control.ts";
import type { ControlOptions } from "./control.ts";
import { noOpenSsh } from "./run.ts";

export interface LoginOptions extends SshEnvironment {
  readonly signal?: AbortSignal | undefined;
  /** How long the connection stays open without a command; 8 hours when absent. */
  readonly persistSeconds?: number | undefined;
  readonly acceptNew?: boolean | undefined;
  readonly connectTimeoutMs?: number | undefined;
}

export interface SharedConnection {
  /** The socket by which OpenSSH shares it. */
  readonly controlPath: string;
  /** False when it was open before. */
  readonly isNew: boolean;
}

const workingDaySeconds = 8 * 3_600;

/**
 * Opens the connection that all later ones share. OpenSSH itself asks at the terminal what it needs: a host's first key,
 * a passphrase, a password, the second factor.
 */
export async function login(destination: SshDestination, options: LoginOptions): Promise<SharedConnection> {
  const { signal = new AbortController().signal, persistSeconds = workingDaySeconds } = options;
  const control = await controlOf(destination, options);
  const { controlPath, config } = control;
  if (await isMasterAlive(control)) return { controlPath, isNew: false };
  await openMaster({
    config,
    destination,
    environment: options,
    controlPath,
    acceptNew: options.acceptNew === true,
    connectTimeoutMs: options.connectTimeoutMs ?? config.connectTimeoutMs ?? 20_000,
    signal,
    isInteractive: true,
    persistSeconds,
  });
  return { controlPath, isNew: true };
}

/** Closes what `login` opened, with all that runs over it; false when nothing was open. */
export async function logout(destination: SshDestination, options: LoginOptions): Promise<boolean> {
  return closeMaster(await controlOf(destination, options));
}

async function controlOf(destination: SshDestination, environment: LoginOptions): Promise<ControlOptions> {
  const { config, hasOpenSsh }: { config: HostConfig; hasOpenSsh: boolean } = await readHostConfig(
    destination,
    environment,
  );
  if (!hasOpenSsh) throw noOpenSsh(undefined);
  return { config, destination, environment, controlPath: sharedControlPath(config, environment) };
}
