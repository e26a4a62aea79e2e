import { spawn } from "node:child_process";

import { stripControlCharacters, stripUrlCredentials } from "@slipway/core";

import { PackagerError } from "../error.ts";

export interface GitResult {
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface GitOptions {
  readonly cwd: string;
  /** Made by `gitEnvironment`. */
  readonly env: Readonly<Record<string, string>>;
  /** Empty when absent. */
  readonly stdin?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Settings under which git only reads, and runs nothing that a repository's configuration names: no hook, no monitor.
 * `safe.directory` lets it read a repository that belongs to somebody else, which is harmless then.
 */
const readOnlySettings = [
  "core.fsmonitor=false",
  "core.hooksPath=/dev/null",
  "core.quotePath=true",
  "index.sparse=false",
  "safe.directory=*",
];

export const readOnlyArguments = ["--no-pager", ...readOnlySettings.flatMap((setting) => ["-c", setting])];

/** Runs git with an argument list and resolves whatever its exit code. Rejects with the system's error where there is no git. */
export function runGit(args: readonly string[], { cwd, env, stdin, signal }: GitOptions): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn("git", [...readOnlyArguments, ...args], {
      cwd,
      env,
      stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      signal,
    });
    child.stdin?.on("error", () => {}); // Whoever stops reading says why in another way.
    child.stdin?.end(stdin);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on("data", (bytes: Buffer) => stdout.push(bytes));
    child.stderr?.on("data", (bytes: Buffer) => stderr.push(bytes));
    child.on("error", (error) => reject(signal?.aborted ? (signal.reason as Error) : error));
    child.on("close", (exitCode) =>
      resolve({ exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString("utf8") }),
    );
  });
}

/** The same for a command that must succeed. */
export async function gitOutput(args: readonly string[], options: GitOptions): Promise<Buffer> {
  const result = await runGit(args, options);
  if (result.exitCode === 0) return result.stdout;
  throw gitFailed(args, result, options.cwd);
}

export function gitFailed(args: readonly string[], { exitCode, stderr }: GitResult, cwd: string): PackagerError {
  const said = stripControlCharacters(stripUrlCredentials(stderr)).trim();
  const subcommand = args.find((arg) => /^[a-z]/.test(arg)) ?? "";
  return new PackagerError(
    "PACKAGER_GIT_FAILED",
    `git ${subcommand} failed in ${cwd} (exit code ${exitCode}): ${said}`,
    {
      hint: `Try it there yourself: git ${subcommand}`,
    },
  );
}

const keptVariables = new Set([
  "GIT_CONFIG_GLOBAL",
  "GIT_CONFIG_SYSTEM",
  "GIT_CONFIG_NOSYSTEM",
  "GIT_CEILING_DIRECTORIES",
  "GIT_DISCOVERY_ACROSS_FILESYSTEM",
  "GIT_EXEC_PATH",
]);
const redirecting =
  /^GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|CONFIG.*)$/;

/**
 * The environment that git gets. Variables that would show it another repository, index or configuration than the one on disk
 * (git(1), "ENVIRONMENT VARIABLES") do not reach it; those that would have changed its answers are named in `ignored`.
 */
export function gitEnvironment(env: Readonly<Record<string, string | undefined>>): {
  readonly env: Readonly<Record<string, string>>;
  readonly ignored: readonly string[];
} {
  const kept: Record<string, string> = {};
  const ignored: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (!name.startsWith("GIT_") || keptVariables.has(name)) kept[name] = value;
    else if (redirecting.test(name)) ignored.push(name);
  }
  // No lock, no index refresh; no fetching of missing objects; messages that can be read by a program.
  const fixed = {
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "none",
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  };
  return { env: { ...kept, ...fixed }, ignored: ignored.toSorted() };
}
