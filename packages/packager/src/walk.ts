import { readdirSync } from "node:fs";

import { createSlices } from "./cooperate.ts";
import { unreadable } from "./disk.ts";
import { absolutePath, joinPath, latin1 } from "./paths.ts";

export interface WalkOptions {
  /** Relative to the directory that is walked; where to begin. */
  readonly from?: Uint8Array | undefined;
  /** Asked for every name; a directory's comes with a slash at its end. What it keeps out is not entered. */
  readonly skip: (path: Uint8Array) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The paths of all that is not a directory below a directory, relative to it. Symbolic links are not followed. */
export async function walk(directory: string, { from, skip, signal }: WalkOptions): Promise<readonly Uint8Array[]> {
  const pause = createSlices(signal);
  const found: Uint8Array[] = [];
  const waiting: Uint8Array[] = [from ?? Buffer.alloc(0)];
  for (let parent = waiting.pop(); parent !== undefined; parent = waiting.pop()) {
    const file = parent.length === 0 ? directory : absolutePath(directory, parent);
    for (const { name, isDirectory } of readDirectory(file)) {
      const path = joinPath(parent, name);
      if (skip(isDirectory ? Buffer.concat([path, slash]) : path)) continue;
      if (isDirectory) waiting.push(path);
      else found.push(path);
    }
    await pause();
  }
  return found;
}

const slash = Buffer.from("/");

function readDirectory(file: string | Buffer): readonly { readonly name: Buffer; readonly isDirectory: boolean }[] {
  try {
    return readdirSync(file, { encoding: "buffer", withFileTypes: true }).map((entry) => ({
      name: entry.name,
      isDirectory: entry.isDirectory(),
    }));
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Git's own folder (or the file in its place), at any depth: never packaged. */
export function isGitFolder(path: Uint8Array): boolean {
  const text = latin1(path);
  return /(?:^|\/)\.git\/?$/.test(text);
}
