import { setImmediate } from "node:timers/promises";

import { renderManifest } from "@slipway/core";
import type { FileEntry, Manifest, ManifestEntry, TarOptions } from "@slipway/core";

import { openExpected } from "./content.ts";
import { openBlobs } from "./git/blobs.ts";
import type { ListedFile } from "./listing.ts";
import { joinPath, latin1 } from "./paths.ts";
import { loadHeaderEncoder } from "./tar-header.ts";

export interface TarInput {
  readonly manifest: Manifest;
  /** All of the manifest's, in its order; made as they are asked for, where there are many. */
  readonly members: Iterable<TarMember>;
  /** For git, which reads what a commit holds. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface TarMember<F = Pick<ListedFile, "source" | "stored">> {
  readonly entry: ManifestEntry;
  readonly file: F;
}

/** Of a manifest's entries and the files that they were made from, in the same order. */
export function* pairMembers<F>({ entries }: Pick<Manifest, "entries">, files: readonly F[]): Generator<TarMember<F>> {
  for (const [position, entry] of entries.entries()) {
    const file = files[position];
    if (file === undefined) throw new Error("The manifest has more files than were listed");
    yield { entry, file };
  }
}

export const blockBytes = 512;
const chunkBytes = 1 << 19;

/**
 * A POSIX tar (pax) with nothing in it but what the manifest says: no owner, no time, no directories. Each file's bytes are
 * checked against the manifest while they pass; the stream then ends with PACKAGER_CHANGED_WHILE_READING, never with an end mark.
 */
export async function* tarStream(
  { manifest, members, env }: TarInput,
  { prefix, readOnly = false, manifestName, only, signal }: TarOptions,
): AsyncGenerator<Uint8Array> {
  const encodeHeader = await loadHeaderEncoder();
  const chunks = createChunks();
  await using blobs = openBlobs({ env, signal });
  if (manifestName !== undefined) {
    const text = renderManifest(manifest);
    const mode = readOnly ? 0o444 : 0o644;
    chunks.append(encodeHeader({ path: Buffer.from(manifestName), mode, size: text.length }));
    yield* appendBytes(chunks, text);
    chunks.pad();
  }
  for (const { entry, file } of members) {
    if (only && !only(entry)) continue;
    if (chunks.isFull()) {
      yield chunks.take();
      await setImmediate();
      signal?.throwIfAborted();
    }
    chunks.append(encodeHeader(headerOf(entry, pathInTar(entry.path, prefix), readOnly)));
    if (entry.kind === "symlink") continue;
    if (file.stored) yield* appendStored({ chunks, entry, parts: blobs.read(file.stored) });
    else yield* appendFile({ chunks, source: file.source, entry, signal });
  }
  chunks.append(Buffer.alloc(2 * blockBytes));
  yield chunks.take();
}

function headerOf(entry: ManifestEntry, path: Uint8Array, readOnly: boolean) {
  if (entry.kind === "symlink") return { path, mode: 0o777, size: 0, target: entry.target };
  return { path, mode: readOnly ? entry.mode & 0o555 : entry.mode, size: entry.size };
}

/** What a file is called in the tar. */
export function pathInTar(path: Uint8Array, prefix?: string): Uint8Array {
  return joinPath(Buffer.from(prefix ?? (looksAbsolute(path) ? "." : "")), path);
}

/** bsdtar takes what Windows calls a root off the beginning of names (libarchive, `strip_absolute_path`). */
function looksAbsolute(path: Uint8Array): boolean {
  return /^(?:\\|[A-Za-z]:)/.test(latin1(path));
}

type Chunks = ReturnType<typeof createChunks>;

async function* appendFile({
  chunks,
  source,
  entry,
  signal,
}: {
  readonly chunks: Chunks;
  readonly source: string | Buffer;
  readonly entry: FileEntry;
  readonly signal: AbortSignal | undefined;
}): AsyncGenerator<Uint8Array> {
  const content = openExpected(source, entry);
  try {
    for (let left = entry.size; left > 0;) {
      if (chunks.isFull()) {
        yield chunks.take();
        await setImmediate();
        signal?.throwIfAborted();
      }
      left -= chunks.fill((space) => content.read(space));
    }
    content.verify();
  } finally {
    content.close();
  }
  chunks.pad();
}

/** An object's name vouches for its content: it is the one that was hashed. */
async function* appendStored({
  chunks,
  entry,
  parts,
}: {
  readonly chunks: Chunks;
  readonly entry: FileEntry;
  readonly parts: AsyncIterable<Buffer>;
}): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const part of parts) {
    size += part.length;
    yield* appendBytes(chunks, part);
  }
  if (size !== entry.size) throw new Error(`An object of ${entry.size} bytes has ${size} now`);
  chunks.pad();
}

function* appendBytes(chunks: Chunks, bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length;) {
    if (chunks.isFull()) yield chunks.take();
    start += chunks.fill((space) => {
      const part = bytes.subarray(start, start + space.length);
      space.set(part);
      return part.length;
    });
  }
}

/** Gathers small pieces into chunks of about half a mebibyte; each chunk that was taken belongs to its taker. */
function createChunks() {
  let chunk = Buffer.allocUnsafeSlow(chunkBytes);
  let filled = 0;
  const reserve = (bytes: number) => {
    if (filled + bytes <= chunk.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(chunkBytes, filled + bytes));
    chunk.copy(larger, 0, 0, filled);
    chunk = larger;
  };
  return {
    isFull: () => filled >= chunkBytes - 2 * blockBytes,
    append(bytes: Uint8Array) {
      reserve(bytes.length);
      chunk.set(bytes, filled);
      filled += bytes.length;
    },
    /** Offers the free space, and counts what was written there. */
    fill(write: (space: Buffer) => number): number {
      const length = write(chunk.subarray(filled));
      filled += length;
      return length;
    },
    /** Zeros up to the end of the tar's block. */
    pad() {
      const rest = filled % blockBytes;
      if (rest > 0) this.append(Buffer.alloc(blockBytes - rest));
    },
    take(): Buffer {
      const taken = chunk.subarray(0, filled);
      chunk = Buffer.allocUnsafeSlow(chunkBytes);
      filled = 0;
      return taken;
    },
  };
}
