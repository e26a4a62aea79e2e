import { createHash, hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

import { createSlices } from "./cooperate.ts";
import { stampOf, unreadable } from "./disk.ts";
import { PackagerError, systemCode } from "./error.ts";
import type { Blobs } from "./git/blobs.ts";
import type { FileStamp, StoredContent } from "./listing.ts";
import { displayPath } from "./paths.ts";
import { findSecrets } from "./secrets.ts";
import type { FoundSecret } from "./secrets.ts";

export interface FileContent {
  readonly size: number;
  /** sha-256, hex. */
  readonly sha256: string;
  /** As it was when the last byte had been read. */
  readonly stamp: FileStamp;
  /** In its first mebibyte; empty unless asked for. */
  readonly secrets: readonly FoundSecret[];
}

/** How much of a file is looked into for secrets; also what is read at once of a big one. */
export const scannedBytes = 1 << 20;

/** Opens a file for reading: never through a symbolic link that came in its place, never waiting for a pipe's other end. */
export function openFile(source: string | Buffer): number {
  return openSync(source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

export interface ReadOptions {
  /** Made by `createScratch`; used for every file in turn. */
  readonly scratch: Buffer;
  /** Looks for secrets too. */
  readonly scan?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Reads a file's content once. Resolves with undefined where it vanished, is no file any more, or was written to meanwhile. */
export async function readContent(
  source: string | Buffer,
  { scratch, scan = false, signal }: ReadOptions,
): Promise<FileContent | undefined> {
  let file: number;
  try {
    file = openFile(source);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"].includes(systemCode(error) ?? "")) return undefined;
    throw unreadable(source, error);
  }
  try {
    const length = readSync(file, scratch, 0, scratch.length, null);
    const head = scratch.subarray(0, length);
    const secrets = scan ? findSecrets(head) : [];
    if (length < scratch.length) return finish(file, { size: length, sha256: hash("sha256", head, "hex"), secrets });
    const digest = createHash("sha256").update(scratch.subarray(0, length));
    const pause = createSlices(signal);
    let size = length;
    for (;;) {
      const more = readSync(file, scratch, 0, scratch.length, null);
      if (more === 0) return finish(file, { size, sha256: digest.digest("hex"), secrets });
      digest.update(scratch.subarray(0, more));
      size += more;
      await pause();
    }
  } catch (error) {
    throw systemCode(error) === undefined ? error : unreadable(source, error);
  } finally {
    closeSync(file);
  }
}

function finish(file: number, content: Omit<FileContent, "stamp">): FileContent | undefined {
  const stat = fstatSync(file);
  return stat.isFile() && stat.size === content.size ? { ...content, stamp: stampOf(stat) } : undefined;
}

/** What an object of git holds; nobody writes to those. */
export async function readStored(
  stored: StoredContent,
  { blobs, scan = false }: { readonly blobs: Blobs; readonly scan?: boolean | undefined },
): Promise<FileContent> {
  const digest = createHash("sha256");
  const head: Buffer[] = [];
  let size = 0;
  for await (const part of blobs.read(stored)) {
    digest.update(part);
    if (scan && size < scannedBytes) head.push(part);
    size += part.length;
  }
  const stamp = { mtimeMs: 0, ctimeMs: 0, inode: 0 };
  return { size, sha256: digest.digest("hex"), secrets: findSecrets(Buffer.concat(head)), stamp };
}

export function createScratch(): Buffer {
  return Buffer.allocUnsafeSlow(scannedBytes);
}

export interface ExpectedContent {
  readonly size: number;
  readonly sha256: string;
}

/** A file's bytes in slices of at most 1 MiB, ending with PACKAGER_CHANGED_WHILE_READING where they are not the expected ones. */
export function openExpected(source: string | Buffer, { size, sha256 }: ExpectedContent) {
  const file = openUnchanged(source);
  const digest = createHash("sha256");
  let left = size;
  return {
    /** Fills the buffer, or the part of it that is left of the file; returns how many bytes. */
    read(into: Buffer): number {
      const wanted = Math.min(left, into.length);
      const length = readFully(file, into.subarray(0, wanted));
      if (length < wanted) throw changed(source);
      left -= length;
      digest.update(into.subarray(0, length));
      return length;
    },
    /** Call it when all is read. */
    verify(): void {
      if (left > 0 || readSync(file, Buffer.alloc(1)) > 0 || digest.digest("hex") !== sha256) throw changed(source);
    },
    close: () => closeSync(file),
  };
}

function openUnchanged(source: string | Buffer): number {
  try {
    return openFile(source);
  } catch (error) {
    throw ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"].includes(systemCode(error) ?? "")
      ? changed(source, error)
      : unreadable(source, error);
  }
}

function readFully(file: number, into: Buffer): number {
  let filled = 0;
  while (filled < into.length) {
    const length = readSync(file, into, filled, into.length - filled, null);
    if (length === 0) break;
    filled += length;
  }
  return filled;
}

export function changed(source: string | Buffer, cause?: unknown): PackagerError {
  return new PackagerError(
    "PACKAGER_CHANGED_WHILE_READING",
    `${displayPath(source)} changed while it was being packaged`,
    {
      hint: "Try again when nothing writes to it, or leave it out with an exclude pattern.",
      ...(cause !== undefined && { cause }),
    },
  );
}
