import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { createScratch, readContent } from "../content.ts";
import { unreadable } from "../disk.ts";
import type { ListedFile, StoredContent } from "../listing.ts";
import { absolutePath, latin1 } from "../paths.ts";
import type { Blobs } from "./blobs.ts";

/** Begins every pointer that stands for a file of Git LFS (git-lfs specification, "The Pointer"). */
const pointerStart = "version https://git-lfs.github.com/spec/v1\n";
/** From the specification: a pointer is shorter than this. */
const pointerBytes = 1024;

/**
 * Of a repository's files those that are LFS pointers, in place of the content that they stand for: on disk, or in the commit
 * whose objects `blobs` reads.
 */
export async function findLfsPointers(files: readonly ListedFile[], blobs?: Blobs): Promise<readonly Uint8Array[]> {
  const holds = async (file: ListedFile, isWanted: (content: Buffer) => boolean): Promise<boolean> =>
    isWanted(file.stored && blobs ? await readObject(file.stored, blobs) : readSource(file));
  let usesLfs = false;
  for (const file of files) {
    // A symbolic link of this name is nothing to git (gitattributes(5), "NOTES").
    if (file.kind !== "file" || !isAttributes(file.path)) continue;
    usesLfs ||= await holds(file, (content) => content.includes("filter=lfs"));
  }
  if (!usesLfs) return [];
  const pointers: Uint8Array[] = [];
  for (const file of files) {
    if (file.kind !== "file" || file.size <= pointerStart.length || file.size >= pointerBytes) continue;
    if (await holds(file, (content) => content.toString("latin1").startsWith(pointerStart))) {
      pointers.push(file.path);
    }
  }
  return pointers;
}

function readSource({ source }: ListedFile): Buffer {
  try {
    return readFileSync(source);
  } catch (error) {
    throw unreadable(source, error);
  }
}

async function readObject(stored: StoredContent, blobs: Blobs): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of blobs.read(stored)) parts.push(part);
  return Buffer.concat(parts);
}

const attributesName = ".gitattributes";

function isAttributes(path: Uint8Array): boolean {
  const start = path.length - attributesName.length;
  if (path[start] !== 0x2e) return false; // Its dot: few paths need to be decoded.
  return latin1(path.subarray(start)) === attributesName && (start === 0 || path[start - 1] === 0x2f);
}

/**
 * Whether a file holds the content that the index's LFS pointer stands for. Git would ask the filter's program; the pointer is
 * a function of the content, so nothing needs to be run.
 */
export async function isUnchangedLfsFile(
  top: string,
  { path, objectId }: { readonly path: Uint8Array; readonly objectId: string },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const content = await readContent(absolutePath(top, path), { scratch: createScratch(), signal });
  if (content === undefined) return false;
  const pointer = `${pointerStart}oid sha256:${content.sha256}\nsize ${content.size}\n`;
  const algorithm = objectId.length === 64 ? "sha256" : "sha1";
  return createHash(algorithm).update(`blob ${pointer.length}\0${pointer}`).digest("hex") === objectId;
}
