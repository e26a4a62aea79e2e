import { randomBytes } from "node:crypto";

import type { HostConfig } from "../config/host-config.ts";
import type { SshDestination, SshEnvironment } from "../destination.ts";
import type { Link } from "../link.ts";
import { masterArguments } from "./arguments.ts";
import { controlPathFor, findSharedConnection, makeControlDirectory } from "./control.ts";
import { openSshFailure } from "./failure.ts";
import { createOpenSshLink } from "./link.ts";
import { runOpenSsh } from "./run.ts";

export interface OpenSshConnectOptions {
  readonly config: HostConfig;
  readonly destination: SshDestination;
  readonly environment: SshEnvironment;
  readonly acceptNew: boolean;
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** A connection of which nobody disposes, because its process was killed, ends by itself. */
const orphanSeconds = 600;

/** Uses the shared connection that is open, or opens one for itself, without asking anything. */
export async function connectWithOpenSsh(options: OpenSshConnectOptions): Promise<Link> {
  const { config, destination, environment, signal } = options;
  const shared = await findSharedConnection(config, environment);
  const common = { config, destination, environment };
  if (shared !== undefined) return createOpenSshLink({ ...common, controlPath: shared, isOwn: false });
  const controlPath = controlPathFor(`o-${randomBytes(6).toString("hex")}`, environment);
  await openMaster({ ...options, controlPath, isInteractive: false, persistSeconds: orphanSeconds });
  const link = createOpenSshLink({ ...common, controlPath, isOwn: true });
  if (!signal.aborted) return link;
  await link.close();
  throw signal.reason;
}

export interface OpenMasterOptions extends OpenSshConnectOptions {
  readonly controlPath: string;
  readonly isInteractive: boolean;
  readonly persistSeconds: number;
}

export async function openMaster(options: OpenMasterOptions): Promise<void> {
  const { config, environment, signal, isInteractive } = options;
  await makeControlDirectory(environment);
  const args = masterArguments({ ...options, configFile: environment.configFile });
  const { exitCode, said } = await runOpenSsh(args, { env: environment.env, signal, isInteractive });
  if (exitCode !== 0) throw openSshFailure(said, config);
}
