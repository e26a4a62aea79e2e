import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import type { Bundle, Companion, TarOptions } from "@slipway/core";
import { writeFiles } from "@slipway/testing";
import type { FileSpec } from "@slipway/testing";

import { listFiles, packBundle } from "../src/index.ts";
import type { Listing, PackageOptions, PackedBundle } from "../src/index.ts";

export const execFileAsync = promisify(execFile);

/** Git and Python from this machine's PATH, and none of its configuration. */
export const env = {
  PATH: process.env["PATH"],
  HOME: "/nonexistent",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

export function list(cwd: string, options: Partial<PackageOptions> = {}): Promise<Listing> {
  return listFiles({ cwd, env, ...options });
}

export function pack(cwd: string, options: Partial<PackageOptions> = {}): Promise<PackedBundle> {
  return packBundle({ cwd, env, ...options });
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

export function pathsOf({ files }: Pick<Listing, "files">): readonly string[] {
  return files.map((file) => text(file.path));
}

/** The paths of what would be packaged. */
export async function paths(cwd: string, options: Partial<PackageOptions> = {}): Promise<readonly string[]> {
  return pathsOf(await list(cwd, options));
}

/** A folder that is on Python's path and holds these modules; a companion that is looked up in it. */
export async function installedPython(
  directory: string,
  name: string,
  files: Readonly<Record<string, FileSpec>>,
): Promise<{ readonly companion: Companion; readonly env: PackageOptions["env"] }> {
  await mkdir(directory, { recursive: true });
  await writeFiles(directory, files);
  return { companion: { name, source: { kind: "python", module: name } }, env: { ...env, PYTHONPATH: directory } };
}

/** The whole tar of a bundle. */
export async function tarOf(bundle: Pick<Bundle, "tar">, options?: TarOptions): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bundle.tar(options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export const extractors = {
  "GNU tar": ["tar", "-xf", "-"],
  bsdtar: ["bsdtar", "-xf", "-"],
  "busybox tar": ["busybox", "tar", "-xf", "-"],
} as const;

export function isInstalled(command: string): boolean {
  return spawnSync(command, ["--help"], { stdio: "ignore" }).error === undefined;
}

/** Unpacks a tar into a new folder; resolves with what the program had to say. */
export async function extract(tar: Uint8Array, argv: readonly string[], directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const [command = "", ...args] = argv;
  const child = spawn(command, args, {
    cwd: directory,
    stdio: ["pipe", "ignore", "pipe"],
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
  let stderr = "";
  child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
  child.stdin.end(tar);
  const exitCode = await new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
  if (exitCode !== 0) throw new Error(`${command} ended with ${String(exitCode)}: ${stderr}`);
  return stderr;
}

/** Writes a module that runs what was built, for tests that need a process of their own. */
export async function script(directory: string, body: string): Promise<string> {
  const file = path.join(directory, "script.mjs");
  const built = path.join(import.meta.dirname, "..", "dist", "index.js");
  await writeFile(file, `import * as packager from ${JSON.stringify(built)};\n${body}`);
  return file;
}
