import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import path from "node:path";

import { temporaryDirectory } from "@slipway/testing";

/** What was built here, or with SLIPWAY_TEST_BIN another one: an installed slipway's. */
export const bin = process.env["SLIPWAY_TEST_BIN"] ?? path.resolve(import.meta.dirname, "../bin/slipway.js");

export interface Result {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Machine extends AsyncDisposable {
  /** A folder for the test's own files. */
  readonly folder: string;
  /** SLIPWAY_HOME. */
  readonly home: string;
  /** Of every command that is started; a test may add to it. */
  readonly env: Record<string, string>;
  /** Runs the built command in a directory. */
  slipway(cwd: string, ...args: readonly string[]): Promise<Result>;
  /** The same with `--json`; the document, or the error's. */
  json<T>(cwd: string, ...args: readonly string[]): Promise<T>;
  /** Starts it and leaves it to the test; dead at the end in any case. */
  start(cwd: string, ...args: readonly string[]): ChildProcess;
  /** Takes a process of the test's: dead at the end in any case. */
  owns(child: ChildProcess): void;
}

/** A user's machine: a home, a folder, and the command as a user has it. */
export async function machine(): Promise<Machine> {
  const folder = await temporaryDirectory();
  const home = path.join(folder.path, "slipway home");
  const env: Record<string, string> = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder.path,
    SLIPWAY_HOME: home,
    XDG_CACHE_HOME: path.join(folder.path, "cache"),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
  };
  const children: ChildProcess[] = [];
  const start = (cwd: string, ...args: readonly string[]) => {
    const child = spawn(process.execPath, [bin, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    return child;
  };
  const slipway = (cwd: string, ...args: readonly string[]) => finished(start(cwd, ...args));
  return {
    folder: folder.path,
    home,
    env,
    start,
    slipway,
    owns: (child) => void children.push(child),
    async json(cwd, ...args) {
      const { stdout, stderr } = await slipway(cwd, ...withJson(args));
      if (stdout === "") throw new Error(`No document; stderr: ${stderr}`);
      return JSON.parse(stdout);
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
      await folder[Symbol.asyncDispose]();
    },
  };
}

function withJson(args: readonly string[]): readonly string[] {
  const dashes = args.indexOf("--");
  return dashes < 0 ? [...args, "--json"] : [...args.slice(0, dashes), "--json", ...args.slice(dashes)];
}

export async function finished(child: ChildProcess): Promise<Result> {
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout?.on("data", (chunk: Buffer) => output.stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.stderr.push(chunk));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { exitCode, stdout: Buffer.concat(output.stdout).toString(), stderr: Buffer.concat(output.stderr).toString() };
}
