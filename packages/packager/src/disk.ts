import { constants, lstatSync, readFileSync, readlinkSync } from "node:fs";
import type { Stats } from "node:fs";

import { PackagerError, systemCode } from "./error.ts";
import type { FileStamp, ListedFile } from "./listing.ts";
import { absolutePath, displayPath, fromLatin1, joinPath, latin1, parentPath } from "./paths.ts";

/** What lies on disk under a name, when it cannot be packaged as it is. */
export type Unpackable = "absent" | "directory" | "special";

export interface LookOptions {
  /** The directory that the paths are relative to; absolute. */
  readonly directory: string;
  /** Where that directory lies in the bundle; empty for its root. */
  readonly prefix: Uint8Array;
  readonly from: string;
}

/** How git records a file, where the file system cannot tell. */
export interface RecordedKind {
  readonly isExecutable?: boolean;
  /** The file holds the text of a symbolic link. */
  readonly isSymlink?: boolean;
}

/** Looks at files below one directory without reading them and without following a symbolic link, also none on the way. */
export function createLook({ directory, prefix, from }: LookOptions) {
  const isRealDirectory = createDirectoryCheck(directory);
  let lastParent = "";
  return (name: Uint8Array, recorded?: RecordedKind): ListedFile | Unpackable => {
    const text = latin1(name);
    const parent = parentPath(text);
    if (parent !== lastParent && !isRealDirectory(parent)) return "absent";
    lastParent = parent;
    const source = absolutePath(directory, name, text);
    const stat = lstat(source);
    if (stat === undefined) return "absent";
    const path = joinPath(prefix, name);
    const stamp = stampOf(stat);
    const kind = stat.mode & constants.S_IFMT;
    if (kind === constants.S_IFLNK) {
      const target = readlinkSync(source, { encoding: "buffer" });
      return { path, kind: "symlink", source, from, mode: 0o777, size: 0, stamp, target };
    }
    if (kind === constants.S_IFDIR) return "directory";
    if (kind !== constants.S_IFREG) return "special";
    if (recorded?.isSymlink) {
      return { path, kind: "symlink", source, from, mode: 0o777, size: 0, stamp, target: readFileSync(source) };
    }
    const isExecutable = recorded?.isExecutable ?? (stat.mode & 0o100) !== 0;
    return { path, kind: "file", source, from, mode: isExecutable ? 0o755 : 0o644, size: stat.size, stamp };
  };
}

/** Whether a path (one character a byte) leads to a directory through directories only. Asks about each once. */
export function createDirectoryCheck(directory: string): (path: string) => boolean {
  const known = new Map<string, boolean>([["", true]]);
  return function isRealDirectory(path): boolean {
    let isReal = known.get(path);
    if (isReal === undefined) {
      const stat = isRealDirectory(parentPath(path))
        ? lstat(absolutePath(directory, fromLatin1(path), path))
        : undefined;
      isReal = stat?.isDirectory() === true;
      known.set(path, isReal);
    }
    return isReal;
  };
}

export function stampOf({ mtimeMs, ctimeMs, ino }: Stats): FileStamp {
  return { mtimeMs, ctimeMs, inode: ino };
}

const ifThere = { throwIfNoEntry: false };

function lstat(file: string | Buffer): Stats | undefined {
  try {
    return lstatSync(file, ifThere);
  } catch (error) {
    throw unreadable(file, error);
  }
}

export function unreadable(file: string | Buffer, cause: unknown): PackagerError {
  const why = systemCode(cause) ?? String(cause);
  return new PackagerError("PACKAGER_UNREADABLE_FILE", `Cannot read ${displayPath(file)} (${why})`, {
    hint: "Make it readable, or leave it out with an exclude pattern.",
    cause,
  });
}
