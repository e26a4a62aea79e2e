import { createHash, hash } from "node:crypto";

import type { FileStamp } from "./listing.ts";

export interface SeenFile {
  /** As it lies in the bundle. */
  readonly path: Uint8Array;
  readonly size: number;
  readonly stamp: FileStamp;
}

export interface CachedFile extends SeenFile {
  readonly sha256: string;
}

export interface CachedFiles {
  /** Every content was read after this, or had been unchanged for long. Milliseconds since 1970. */
  readonly readSinceMs: number;
  /** The sha-256 of a file that looks just as it did. Looks forward from the last one: ask in the order of the paths' bytes. */
  find(file: SeenFile): string | undefined;
}

// Layout, in this machine's byte order: magic with version, count, readSinceMs; size, mtimeMs, ctimeMs, inode of each file; the
// sha-256 of each; the length of each path; the paths; the sha-256 of all that comes before it.
const magic = 0x736c_7077_0001;
const headNumbers = 3;
const stampNumbers = 4;
const numberBytes = 8;
const digestBytes = 32;

export function renderStatCache(files: readonly CachedFile[], readSinceMs: number): Uint8Array {
  const numbers = new Float64Array(headNumbers + files.length * stampNumbers);
  numbers.set([magic, files.length, readSinceMs]);
  const digests = Buffer.alloc(files.length * digestBytes);
  const lengths = new Uint32Array(files.length);
  for (const [position, { path, size, stamp, sha256 }] of files.entries()) {
    numbers.set([size, stamp.mtimeMs, stamp.ctimeMs, stamp.inode], headNumbers + position * stampNumbers);
    digests.write(sha256, position * digestBytes, "hex");
    lengths[position] = path.length;
  }
  const content = Buffer.concat([asBytes(numbers), digests, asBytes(lengths), ...files.map((file) => file.path)]);
  return Buffer.concat([content, createHash("sha256").update(content).digest()]);
}

function asBytes(array: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

const empty: CachedFiles = { readSinceMs: 0, find: () => undefined };

/** Anything that `renderStatCache` did not write counts as empty. */
export function parseStatCache(file: Buffer): CachedFiles {
  const content = file.subarray(0, Math.max(0, file.length - digestBytes));
  const isWhole = hash("sha256", content, "hex") === file.toString("hex", content.length);
  if (!isWhole || content.length < headNumbers * numberBytes || content.byteOffset % numberBytes !== 0) return empty;
  const [found, count = 0, readSinceMs = 0] = new Float64Array(content.buffer, content.byteOffset, headNumbers);
  if (found !== magic) return empty;
  const numbers = new Float64Array(content.buffer, content.byteOffset, headNumbers + count * stampNumbers);
  const lengthsAt = numbers.byteLength + count * digestBytes;
  const lengths = new Uint32Array(content.buffer, content.byteOffset + lengthsAt, count);
  let position = 0;
  let pathAt = lengthsAt + lengths.byteLength;
  const isAt = (size: number, { mtimeMs, ctimeMs, inode }: FileStamp) => {
    const at = headNumbers + position * stampNumbers;
    const isSame = numbers[at] === size && numbers[at + 1] === mtimeMs;
    return isSame && numbers[at + 2] === ctimeMs && numbers[at + 3] === inode;
  };
  return {
    readSinceMs,
    find({ path, size, stamp }) {
      for (; position < count; pathAt += lengths[position++] ?? 0) {
        const order = content.compare(path, 0, path.length, pathAt, pathAt + (lengths[position] ?? 0));
        if (order > 0) return undefined;
        if (order < 0) continue;
        if (!isAt(size, stamp)) return undefined;
        const start = numbers.byteLength + position * digestBytes;
        return content.toString("hex", start, start + digestBytes);
      }
      return undefined;
    },
  };
}
