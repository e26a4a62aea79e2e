import { hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import type { Stats } from "node:fs";
import path from "node:path";

/** Git's index as it lies on disk: as long as its bytes are the same, git lists the same files. */
export interface IndexFile {
  /** Of the work tree that it seems to belong to; only git can tell. */
  readonly top: string;
  /** Of its bytes. */
  readonly sha256: string;
  readonly bytes: number;
  /** When it was written, by the clock of its file system. */
  readonly mtimeMs: number;
  /** Whether nobody has written it since. */
  isSame(): boolean;
}

/** The index of the repository around a directory, without asking git. Undefined for a linked work tree, a submodule, or none. */
export function readIndexFile(directory: string): IndexFile | undefined {
  for (let top = path.resolve(directory); ; top = path.dirname(top)) {
    const file = path.join(top, ".git", "index");
    const found = read(file);
    if (found !== undefined) {
      const { content, stat } = found;
      const sha256 = hash("sha256", content, "hex");
      const isSame = () => isSameFile(stat, statIfThere(file));
      return { top, sha256, bytes: content.length, mtimeMs: stat.mtimeMs, isSame };
    }
    if (top === path.dirname(top)) return undefined;
  }
}

function read(file: string): { readonly content: Buffer; readonly stat: Stats } | undefined {
  try {
    const opened = openSync(file, "r");
    try {
      const stat = fstatSync(opened);
      const content = readFileSync(opened);
      return isSameFile(stat, fstatSync(opened)) ? { content, stat } : undefined;
    } finally {
      closeSync(opened);
    }
  } catch {
    return undefined; // There is none, or it is not for us to see: git tells.
  }
}

function statIfThere(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isSameFile(before: Stats, after: Stats | undefined): boolean {
  const isSameStamp = before.mtimeMs === after?.mtimeMs && before.ctimeMs === after.ctimeMs;
  return isSameStamp && before.ino === after.ino && before.dev === after.dev && before.size === after.size;
}
