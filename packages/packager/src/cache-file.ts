import { createHash, hash } from "node:crypto";

import type { FileStamp } from "./listing.ts";
import { digestBytes, stampNumbers } from "./table/table.ts";
import type { FileTable } from "./table/table.ts";

/** Files that were packaged, a column for each fact as in a `FileTable`. None of them held a secret. */
export interface CachedFiles extends Pick<FileTable, "count" | "stamps" | "digests" | "starts" | "kinds" | "names"> {
  /** Every content was read after this, or had been unchanged for long. Milliseconds since 1970. */
  readonly readSinceMs: number;
  /** Set where these are all files of a bundle, and nothing about their names is worth a word. */
  readonly manifest?: CachedManifest;
  /** Git's index that lists them, set where nothing else does, and it lists nothing else. */
  readonly index?: CachedIndex;
}

/** As `readIndexFile` read it. */
export interface CachedIndex {
  readonly sha256: string;
  readonly mtimeMs: number;
}

export interface CachedManifest {
  readonly digest: string;
  readonly directories: number;
}

// Layout, in this machine's byte order: magic with version, count, readSinceMs, directories (-1 without a manifest), mtimeMs of the
// index (-1 without one); the manifest's digest; that of the index; then the columns; last the sha-256 of all that. A new version
// for every new rule about secrets: what was read is not looked into again.
const magic = 0x736c_7077_0003;
const headNumbers = 5;
const numberBytes = 8;
const headBytes = headNumbers * numberBytes + 2 * digestBytes;

export function renderStatCache(files: CachedFiles): Uint8Array {
  const { count, stamps, digests, starts, kinds, names, readSinceMs, manifest, index } = files;
  const head = Float64Array.of(magic, count, readSinceMs, manifest?.directories ?? -1, index?.mtimeMs ?? -1);
  const ownDigests = Buffer.alloc(2 * digestBytes);
  if (manifest) ownDigests.write(manifest.digest, "hex");
  if (index) ownDigests.write(index.sha256, digestBytes, "hex");
  const columns = [asBytes(head), ownDigests, asBytes(stamps), digests, asBytes(starts), kinds, names];
  const content = Buffer.concat(columns);
  return Buffer.concat([content, createHash("sha256").update(content).digest()]);
}

function asBytes(array: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Anything that `renderStatCache` did not write counts as nothing. */
export function parseStatCache(file: Buffer): CachedFiles | undefined {
  if (file.length < headBytes + digestBytes) return undefined;
  const end = file.length - digestBytes;
  if (hash("sha256", file.subarray(0, end), "hex") !== file.toString("hex", end)) return undefined;
  const isAligned = file.byteOffset % numberBytes === 0;
  const { buffer, byteOffset } = isAligned ? file : Buffer.from(new Uint8Array(file).buffer);
  const [found, count = 0, readSinceMs = 0, directories = -1, mtimeMs = -1] = new Float64Array(
    buffer,
    byteOffset,
    headNumbers,
  );
  if (found !== magic) return undefined;
  const digest = Buffer.from(buffer, byteOffset + headNumbers * numberBytes, digestBytes).toString("hex");
  const sha256 = Buffer.from(buffer, byteOffset + headBytes - digestBytes, digestBytes).toString("hex");
  const stampsAt = byteOffset + headBytes;
  const digestsAt = stampsAt + count * stampNumbers * numberBytes;
  const startsAt = digestsAt + count * digestBytes;
  const kindsAt = startsAt + (count + 1) * 4;
  return {
    count,
    readSinceMs,
    ...(directories >= 0 && { manifest: { digest, directories } }),
    ...(mtimeMs >= 0 && { index: { sha256, mtimeMs } }),
    stamps: new Float64Array(buffer, stampsAt, count * stampNumbers),
    digests: Buffer.from(buffer, digestsAt, count * digestBytes),
    starts: new Uint32Array(buffer, startsAt, count + 1),
    kinds: new Uint8Array(buffer, kindsAt, count),
    names: Buffer.from(buffer, kindsAt + count, byteOffset + end - kindsAt - count),
  };
}

/** Finds the row of a name, or -1. Looks forward from the last one: ask in the order of the names' bytes. */
export function createRowFinder({ count, names, starts }: CachedFiles): (name: Uint8Array) => number {
  let row = 0;
  return (name) => {
    for (; row < count; row++) {
      const order = names.compare(name, 0, name.length, starts[row], (starts[row + 1] ?? 0) - 1);
      if (order >= 0) return order === 0 ? row : -1;
    }
    return -1;
  };
}

/**
 * A file written to after it was read may carry the same times: clocks of file systems tick in up to 2 s (FAT), and a server's
 * may be behind ours. Such young files are read again (git's racy rule: Documentation/technical/racy-git).
 */
export const racyMs = 2_000;

/** Whether the file of a row surely has not changed. */
export function isUnchanged({ stamps, readSinceMs }: CachedFiles, row: number, seen: SeenFile): boolean {
  const at = row * stampNumbers;
  const { mtimeMs, ctimeMs, inode } = seen.stamp;
  const isSame = stamps[at] === seen.size && stamps[at + 1] === mtimeMs;
  const isYoung = Math.max(mtimeMs, ctimeMs) + racyMs >= readSinceMs;
  return isSame && stamps[at + 2] === ctimeMs && stamps[at + 3] === inode && !isYoung;
}

export interface SeenFile {
  readonly size: number;
  readonly stamp: FileStamp;
}
