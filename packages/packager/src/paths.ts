import { isUtf8 } from "node:buffer";

import { stripControlCharacters } from "@slipway/core";

/** Bytes as a string with one character for each: sorts, splits and compares as the bytes do. */
export function latin1(bytes: Uint8Array): string {
  if (Buffer.isBuffer(bytes)) return bytes.toString("latin1");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

export function fromLatin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** A path for a message: newlines and control characters made harmless, what is not UTF-8 replaced. */
export function displayPath(path: Uint8Array | string): string {
  const text = typeof path === "string" ? path : Buffer.from(path).toString("utf8");
  return stripControlCharacters(text).replaceAll(/[\n\t]/g, "?");
}

/** The first few of many paths for a message. */
export function displayPaths(paths: readonly (Uint8Array | string)[], most = 5): string {
  const shown = paths.slice(0, most).map(displayPath).join(", ");
  return paths.length > most ? `${shown} and ${paths.length - most} more` : shown;
}

// oxlint-disable-next-line no-control-regex
const ascii = /^[\u0000-\u007f]*$/;

/** The file that a relative path names below a directory. A string wherever that is exact: Node handles those faster. */
export function absolutePath(directory: string, path: Uint8Array, text = latin1(path)): string | Buffer {
  if (ascii.test(text)) return `${directory}/${text}`;
  if (isUtf8(path)) return `${directory}/${Buffer.from(path).toString("utf8")}`;
  return Buffer.concat([Buffer.from(`${directory}/`), path]);
}

/** All paths, with a zero byte between two, one character a byte: for one look at all of them. */
export function joinedPaths(files: readonly { readonly path: Uint8Array }[]): string {
  const joined = Buffer.allocUnsafe(files.reduce((sum, { path }) => sum + path.length + 1, 0));
  let length = 0;
  for (const { path } of files) {
    joined.set(path, length);
    length += path.length;
    joined[length++] = 0;
  }
  return joined.toString("latin1", 0, Math.max(0, length - 1));
}

/** `directory/path`, both relative; an empty directory adds nothing. */
export function joinPath(directory: Uint8Array, path: Uint8Array): Uint8Array {
  return directory.length === 0 ? path : Buffer.concat([directory, slash, path]);
}

const slash = Buffer.from("/");

/** The part before the last slash, empty where there is none. */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

const unsafeComponent = /(?:^|\/)(?:\.{0,2}|\.git)(?:\/|$)/;

/** Whether a path (one character a byte) stays below its root and out of git's own folder. */
export function isSafePath(path: string): boolean {
  return !unsafeComponent.test(path) && !path.includes("\0");
}
