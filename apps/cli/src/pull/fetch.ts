import { randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";

import type { Transport } from "@slipway/core";

import { CliError } from "../error.ts";
import type { RemoteFile } from "./list.ts";
import { receiveParts } from "./receive.ts";
import type { Part } from "./receive.ts";

/** A file, and where it goes here. */
export interface WantedFile extends RemoteFile {
  /** An existing folder. */
  readonly to: string;
}

export interface FetchOptions {
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

/**
 * For each line `OFFSET LENGTH FILE|` exactly LENGTH bytes, zeros where the file is shorter by now, and then a line with its size and time.
 * A line end in a name is written as printf's %b reads it.
 */
const script = `
printf '%s\\n' "$1"
while read -r offset length name; do
  name=\${name%|}
  case $name in *\\\\*) name=$(printf '%b.' "$name") name=\${name%.} ;; esac
  [ "$length" = 0 ] || { tail -c "+$((offset + 1))" -- "$name"; cat /dev/zero; } 2>/dev/null </dev/null | head -c "$length"
  printf '%s\\n' "$(stat -c '%s %Y' -- "$name" 2>/dev/null || stat -f '%z %m' -- "$name" 2>/dev/null)"
done
`;

/**
 * Fetches files, or what is missing of them, in one command. What is there already with the same size and time is left as it is. Throws
 * CLI_PULL_FAILED, when all others are there, for one that changed meanwhile.
 */
export async function fetchFiles(
  transport: Transport,
  files: readonly WantedFile[],
  { signal, onBytes }: FetchOptions,
): Promise<readonly FetchedFile[]> {
  const parts: Part[] = [];
  const positions = new Map<WantedFile, number>();
  const namesIn = rememberNames();
  for (const file of files) {
    signal.throwIfAborted();
    const target = path.join(file.to, ...file.path.split("/"));
    if (await isThere(target, file)) continue;
    await makeFolders(file.to, file.path);
    const part = `${target}.${file.bytes}-${file.modifiedAt}${partEnding}`; // Of another size or time it is another file's.
    await removeOldParts(target, part, await namesIn(path.dirname(target)));
    const position = await findPosition(part, file.bytes);
    positions.set(file, position);
    const { bytes, modifiedAt } = file;
    parts.push({ file: part, target, bytes: bytes - position, end: `${bytes} ${modifiedAt}`, modifiedAt });
  }
  if (parts.length > 0) await fetchParts(transport, { parts, positions }, { signal, onBytes });
  return files.map((file) => ({
    path: file.path,
    bytes: file.bytes,
    fetchedBytes: file.bytes - (positions.get(file) ?? file.bytes),
  }));
}

interface Missing {
  readonly parts: readonly Part[];
  /** How much of each file is there; in the order of the parts. */
  readonly positions: ReadonlyMap<WantedFile, number>;
}

async function fetchParts(
  transport: Transport,
  { parts, positions }: Missing,
  { signal, onBytes }: FetchOptions,
): Promise<void> {
  const marker = `slipway-${randomBytes(8).toString("hex")}`;
  const stdin = [...positions]
    .map(([{ from, bytes }, position]) => `${position} ${bytes - position} ${from.replaceAll("\n", "\\0012")}|\n`)
    .join("");
  const { changed, received } = await receiveParts(parts, { marker, onBytes, signal }, async (options) => {
    const { exitCode, stderr } = await transport.exec(["sh", "-c", script, "sh", marker], { ...options, stdin });
    if (exitCode !== 0) throw failed("The rest", stderr.trim().slice(-500));
  });
  const [first] = changed;
  if (first !== undefined) throw failed(first.target, "it changed while it was read");
  const cutOff = parts[received];
  if (cutOff) throw failed(cutOff.target, "the connection ended before");
}

async function isThere(target: string, { bytes, modifiedAt }: RemoteFile): Promise<boolean> {
  const found = await lstat(target).catch((error: unknown) => {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  });
  if (found && !found.isFile()) throw failed(target, "something that is no file is in its place");
  return found !== undefined && found.size === bytes && Math.floor(found.mtimeMs / 1000) === modifiedAt;
}

/** How much of it is there. */
async function findPosition(part: string, bytes: number): Promise<number> {
  const found = await lstat(part).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  });
  if (found?.isFile() && found.size <= bytes) return found.size;
  await rm(part, { force: true });
  return 0;
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

/** What lies in a folder, read once: it may hold many files. */
function rememberNames(): (folder: string) => Promise<readonly string[]> {
  const known = new Map<string, readonly string[]>();
  return async (folder) => {
    const names = known.get(folder) ?? (await readdir(folder)).filter((name) => name.endsWith(partEnding));
    known.set(folder, names);
    return names;
  };
}

async function removeOldParts(target: string, part: string, names: readonly string[]): Promise<void> {
  const folder = path.dirname(target);
  const begin = `${path.basename(target)}.`;
  for (const name of names.filter((each) => each.startsWith(begin))) {
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
