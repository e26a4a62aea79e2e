import type { HostConfig } from "../config/host-config.ts";
import type { SshDestination } from "../destination.ts";

export interface OpenSshOptions {
  readonly config: HostConfig;
  readonly destination: SshDestination;
  readonly configFile: string | undefined;
  readonly controlPath: string;
}

export interface MasterOptions extends OpenSshOptions {
  readonly acceptNew: boolean;
  readonly connectTimeoutMs: number;
  /** Whether ssh may ask at the terminal. */
  readonly isInteractive: boolean;
  /** How long it stays without a command. */
  readonly persistSeconds: number;
}

/** Opens a shared connection, and goes to the background once it is logged in. Source: ssh(1), ssh_config(5). */
export function masterArguments(options: MasterOptions): readonly string[] {
  const { config, acceptNew, isInteractive, connectTimeoutMs, persistSeconds, destination } = options;
  const strict = acceptNew || config.acceptNew ? "accept-new" : isInteractive ? "ask" : "yes";
  const seconds = (ms: number) => String(Math.ceil(ms / 1_000));
  return [
    ...commonArguments(options),
    "-M",
    "-N",
    "-f",
    ...settings({
      BatchMode: isInteractive ? "no" : "yes",
      ControlMaster: "yes",
      ControlPersist: String(persistSeconds),
      StrictHostKeyChecking: strict,
      ConnectTimeout: seconds(connectTimeoutMs),
      ServerAliveInterval: seconds(config.serverAliveIntervalMs ?? 15_000),
      ServerAliveCountMax: String(config.serverAliveCountMax ?? 3),
    }),
    "--",
    destination.host,
  ];
}

/** Runs a command over a shared connection that is open, and fails where there is none: it must not log in by itself. */
export function commandArguments(options: OpenSshOptions, commandLine: string): readonly string[] {
  return [
    ...commonArguments(options),
    ...settings({ BatchMode: "yes", ControlMaster: "no", ProxyCommand: "exit 255" }),
    "--",
    options.destination.host,
    commandLine,
  ];
}

/** Asks or tells a shared connection: `check`, `exit`. */
export function controlArguments(options: OpenSshOptions, request: "check" | "exit"): readonly string[] {
  return [...commonArguments(options), "-O", request, "--", options.destination.host];
}

function commonArguments({ configFile, destination, controlPath }: OpenSshOptions): readonly string[] {
  const { user, port, identityFile } = destination;
  return [
    ...(configFile === undefined ? [] : ["-F", configFile]),
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(identityFile === undefined ? [] : ["-i", identityFile]),
    "-T",
    "-e",
    "none",
    "-S",
    controlPath.replaceAll("%", "%%"),
    ...settings({ LogLevel: "ERROR", ClearAllForwardings: "yes", RemoteCommand: "none", PermitLocalCommand: "no" }),
  ];
}

/** What stands on the command line counts before ssh_config. */
function settings(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).flatMap(([keyword, value]) => ["-o", `${keyword}=${value}`]);
}
