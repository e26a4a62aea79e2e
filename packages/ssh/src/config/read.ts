import { execFile } from "node:child_process";
import { hostname, userInfo } from "node:os";
import { promisify } from "node:util";

import { stripControlCharacters } from "@slipway/core";

import type { SshDestination, SshEnvironment } from "../destination.ts";
import { SshError } from "../error.ts";
import { toHostConfig } from "./host-config.ts";
import type { ConfigValues, HostConfig, HostConfigFacts } from "./host-config.ts";

export interface ReadConfigOptions extends SshEnvironment {
  readonly signal?: AbortSignal | undefined;
}

export interface ReadConfig {
  readonly config: HostConfig;
  /** Whether there is an `ssh`, which was asked; without one the files were read here. */
  readonly hasOpenSsh: boolean;
}

/** What ssh_config says of a destination: the answer of `ssh -G`, or else our own reading of the files. */
export async function readHostConfig(destination: SshDestination, options: ReadConfigOptions): Promise<ReadConfig> {
  checkDestination(destination);
  const facts: HostConfigFacts = {
    alias: destination.host,
    user: destination.user,
    port: destination.port,
    identityFile: destination.identityFile,
    home: homeOf(options),
    localUser: options.env["USER"] || options.env["LOGNAME"] || userInfo().username,
    localHostName: hostname(),
    env: options.env,
  };
  const answer = await askOpenSsh(destination, options);
  const values = answer ?? (await evaluateFiles(facts, options.configFile));
  return { config: toHostConfig(values, facts), hasOpenSsh: answer !== undefined };
}

async function evaluateFiles(facts: HostConfigFacts, configFile: string | undefined): Promise<ConfigValues> {
  const { evaluateConfigFiles } = await import("./evaluate.ts");
  return evaluateConfigFiles(facts, configFile);
}

export function homeOf({ home, env }: SshEnvironment): string {
  return home ?? env["HOME"] ?? userInfo().homedir;
}

/** What begins with a dash would be an option of ssh's; the others mean something to the shell that runs a ProxyCommand. */
const noHost = /^$|^-|[\s'"`$\\;&<>|(){}]|[^\u0021-\u007e]/;
// oxlint-disable-next-line no-control-regex
const noUser = /^$|^-|\s-|\\$|['"`;&<>|(){}\u0000-\u001f\u007f]/;

function checkDestination({ host, user }: SshDestination): void {
  if (noHost.test(host)) throw invalidName("host", host);
  if (user !== undefined && noUser.test(user)) throw invalidName("user", user);
}

function invalidName(what: string, value: string): SshError {
  return new SshError("SSH_CONFIG_INVALID", `${JSON.stringify(value)} cannot be the name of a ${what}`, {
    hint: "Give a host's name, its address or an alias of ssh_config, and the user apart.",
  });
}

async function askOpenSsh(
  { host, user, port }: SshDestination,
  { env, configFile, signal }: ReadConfigOptions,
): Promise<ConfigValues | undefined> {
  const args = [
    "-G",
    ...(configFile === undefined ? [] : ["-F", configFile]),
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    "--",
    host,
  ];
  try {
    const { stdout } = await promisify(execFile)("ssh", args, { env: { ...env }, signal });
    return parseOpenSshAnswer(stdout);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    const said = error instanceof Error && "stderr" in error ? stripControlCharacters(String(error.stderr)) : "";
    throw new SshError("SSH_CONFIG_INVALID", `ssh cannot read its configuration for ${host}: ${said.trim()}`, {
      hint: `Mend the file, and try: ssh -G ${host}`,
      cause: error,
    });
  }
}

const lists = new Set(["userknownhostsfile", "globalknownhostsfile"]);

/** Lines of a keyword in lower case and its value. */
export function parseOpenSshAnswer(text: string): ConfigValues {
  const values = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, keyword, value] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (keyword === undefined || value === undefined) continue;
    const items = lists.has(keyword) ? value.split(" ") : [value];
    values.set(keyword, [...(values.get(keyword) ?? []), ...items]);
  }
  return values;
}
