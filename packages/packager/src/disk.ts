import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import type { BigIntStats } from "node:fs";

import { PackagerError, systemCode } from "./error.ts";
import type { FileStamp, ListedFile } from "./listing.ts";
import { absolutePath, displayPath, joinPath, latin1, parentPath } from "./paths.ts";

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
  const realDirectories = new Map<string, boolean>([["", true]]);
  const isRealDirectory = (path: string): boolean => {
    const known = realDirectories.get(path);
    if (known !== undefined) return known;
    const isReal =
      isRealDirectory(parentPath(path)) &&
      lstat(absolutePath(directory, Buffer.from(path, "latin1")))?.isDirectory() === true;
    realDirectories.set(path, isReal);
    return isReal;
  };
  return (path: Uint8Array, recorded: RecordedKind = {}): ListedFile | Unpackable => {
    if (!isRealDirectory(parentPath(latin1(path)))) return "absent";
    const source = absolutePath(directory, path);
    const stat = lstat(source);
    if (stat === undefined) return "absent";
    const common = { path: joinPath(prefix, path), source, from, stamp: stampOf(stat) };
    if (stat.isSymbolicLink()) {
      return { ...common, kind: "symlink", mode: 0o777, size: 0, target: readlinkSync(source, { encoding: "buffer" }) };
    }
    if (stat.isDirectory()) return "directory";
    if (!stat.isFile()) return "special";
    if (recorded.isSymlink) return { ...common, kind: "symlink", mode: 0o777, size: 0, target: readFileSync(source) };
    const isExecutable = recorded.isExecutable ?? (stat.mode & 0o100n) !== 0n;
    return { ...common, kind: "file", mode: isExecutable ? 0o755 : 0o644, size: Number(stat.size) };
  };
}

export function stampOf(stat: BigIntStats): FileStamp {
  return { mtimeNs: stat.mtimeNs, ctimeNs: stat.ctimeNs, inode: stat.ino };
}

function lstat(file: string | Buffer): BigIntStats | undefined {
  try {
    return lstatSync(file, { bigint: true, throwIfNoEntry: false });
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
