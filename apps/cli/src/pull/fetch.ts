import { lstat, mkdir, open, readdir, rename, rm, utimes } from "node:fs/promises";
import path from "node:path";

import type { Transport } from "@slipway/core";

import { CliError } from "../error.ts";
import type { RemoteFile } from "./list.ts";

export interface FetchOptions {
  readonly directory: string;
  /** An existing folder here. */
  readonly to: string;
  readonly signal: AbortSignal;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface FetchedFile {
  readonly path: string;
  readonly bytes: number;
  /** Bytes that travelled now. */
  readonly fetchedBytes: number;
}

const partEnding = ".slipway-part";

/** Fetches one file, or what is missing of it. What is there already with the same size and time is left as it is. */
export async function fetchFile(transport: Transport, file: RemoteFile, options: FetchOptions): Promise<FetchedFile> {
  const target = path.join(options.to, ...file.path.split("/"));
  if (await isThere(target, file)) return { path: file.path, bytes: file.bytes, fetchedBytes: 0 };
  await makeFolders(options.to, file.path);
  const part = `${target}.${file.bytes}-${file.modifiedAt}${partEnding}`; // Of another size or time it is another file's.
  await removeOldParts(target, part);
  const handle = await open(part, "a");
  let position: number;
  let fetchedBytes = 0;
  try {
    position = (await handle.stat()).size;
    const queue: Promise<unknown>[] = [];
    const argv = ["tail", "-c", `+${position + 1}`, "--", `${options.directory}/${file.path}`];
    const { exitCode, stderr } = await transport.exec(argv, {
      signal: options.signal,
      onStdout: (bytes) => {
        fetchedBytes += bytes.length;
        options.onBytes?.(bytes.length);
        const copy = Buffer.from(bytes);
        queue.push((queue.at(-1) ?? Promise.resolve()).then(() => handle.appendFile(copy)));
      },
    });
    await Promise.all(queue);
    if (exitCode !== 0) throw failed(file.path, stderr.trim());
    if (position + fetchedBytes !== file.bytes) throw failed(file.path, "it changed while it was read");
  } finally {
    await handle.close();
  }
  await rename(part, target);
  await utimes(target, file.modifiedAt, file.modifiedAt);
  return { path: file.path, bytes: file.bytes, fetchedBytes };
}

async function isThere(target: string, { bytes, modifiedAt }: RemoteFile): Promise<boolean> {
  const found = await lstat(target).catch((error: unknown) => {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  });
  if (found && !found.isFile()) throw failed(target, "something that is no file is in its place");
  return found !== undefined && found.size === bytes && Math.floor(found.mtimeMs / 1000) === modifiedAt;
}

/** The folders above a file; never through a link, which could lead elsewhere. */
async function makeFolders(to: string, file: string): Promise<void> {
  let folder = to;
  for (const name of file.split("/").slice(0, -1)) {
    folder = path.join(folder, name);
    await mkdir(folder).catch((error: unknown) => {
      if (!isErrno(error, "EEXIST")) throw error;
    });
    if (!(await lstat(folder)).isDirectory()) throw failed(file, `${folder} is no folder`);
  }
}

async function removeOldParts(target: string, part: string): Promise<void> {
  const folder = path.dirname(target);
  const begin = `${path.basename(target)}.`;
  const old = (await readdir(folder)).filter((name) => name.startsWith(begin) && name.endsWith(partEnding));
  for (const name of old) {
    const isForm = /^\d+-\d+$/.test(name.slice(begin.length, -partEnding.length));
    if (isForm && path.join(folder, name) !== part) await rm(path.join(folder, name), { force: true });
  }
}

function failed(file: string, why: string): CliError {
  return new CliError("CLI_PULL_FAILED", `${file} was not fetched: ${why}`, {
    hint: "Run the same again: it goes on where it stopped",
  });
}

function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
