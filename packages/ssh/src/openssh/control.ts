import { createHash } from "node:crypto";
import { access, lstat } from "node:fs/promises";
import path from "node:path";

import { makeFolder } from "@slipway/core";

import type { HostConfig } from "../config/host-config.ts";
import { homeOf } from "../config/read.ts";
import type { SshDestination, SshEnvironment } from "../destination.ts";
import { SshError } from "../error.ts";
import { controlArguments } from "./arguments.ts";
import { runOpenSsh } from "./run.ts";

/** sun_path of unix(7) has 108 bytes (104 on macOS), of which ssh takes 18 for a name while it makes the socket. */
const pathLimitBytes = 104 - 18;

/** Where the connection that `login` opens for this user on this host lies. */
export function sharedControlPath(config: HostConfig, environment: SshEnvironment): string {
  const { user, hostName, port, proxyJump, proxyCommand } = config;
  const facts = JSON.stringify([user, hostName, port, proxyJump, proxyCommand]);
  return controlPathFor(`s-${createHash("sha256").update(facts).digest("hex").slice(0, 16)}`, environment);
}

export function controlPathFor(name: string, environment: SshEnvironment): string {
  const file = path.join(controlDirectoryOf(environment), name);
  if (Buffer.byteLength(file) <= pathLimitBytes) return file;
  throw new SshError("SSH_CONTROL_UNSAFE", `The path is too long for a socket: ${file}`, {
    hint: `Choose a folder with a shorter path; ${pathLimitBytes} bytes is the limit for all of it.`,
  });
}

function controlDirectoryOf(environment: SshEnvironment): string {
  return environment.controlDirectory ?? path.join(homeOf(environment), ".slipway", "ssh");
}

/** Whoever can reach a socket in it can run commands as the user: it must be the user's alone. */
export async function makeControlDirectory(environment: SshEnvironment): Promise<void> {
  const directory = controlDirectoryOf(environment);
  makeFolder(directory, { mode: 0o700 });
  const { mode, uid } = await lstat(directory).then((stat) => (stat.isDirectory() ? stat : { mode: 0o777, uid: -1 }));
  if ((mode & 0o077) === 0 && uid === (process.getuid?.() ?? uid)) return;
  throw new SshError("SSH_CONTROL_UNSAFE", `Others may use ${directory}, where shared connections lie`, {
    hint: `It must be a folder of yours: chmod 700 ${directory}`,
  });
}

/** An open connection to share: the one of `login`, or the user's own by ssh_config. */
export async function findSharedConnection(
  config: HostConfig,
  environment: SshEnvironment & { readonly signal?: AbortSignal | undefined },
): Promise<string | undefined> {
  const own = config.controlPath === undefined ? [] : [config.controlPath];
  for (const controlPath of [sharedControlPath(config, environment), ...own]) {
    const isThere = await access(controlPath).then(
      () => true,
      () => false,
    );
    const destination = { host: config.alias, user: config.user, port: config.port };
    if (isThere && (await isMasterAlive({ config, destination, controlPath, environment }))) return controlPath;
  }
  return undefined;
}

export interface ControlOptions {
  readonly config: HostConfig;
  readonly destination: SshDestination;
  readonly controlPath: string;
  readonly environment: SshEnvironment;
}

export async function isMasterAlive(options: ControlOptions): Promise<boolean> {
  return (await request(options, "check")) === 0;
}

/** Ends a shared connection and all that runs over it; false when there was none. */
export async function closeMaster(options: ControlOptions): Promise<boolean> {
  return (await request(options, "exit")) === 0;
}

async function request({ environment, ...options }: ControlOptions, word: "check" | "exit") {
  const args = controlArguments({ ...options, configFile: environment.configFile }, word);
  return (await runOpenSsh(args, { env: environment.env })).exitCode;
}
