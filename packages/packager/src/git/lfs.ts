import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { createScratch, readContent } from "../content.ts";
import type { ListedFile } from "../listing.ts";
import { absolutePath, latin1 } from "../paths.ts";

/** Begins every pointer that stands for a file of Git LFS (git-lfs specification, "The Pointer"). */
const pointerStart = "version https://git-lfs.github.com/spec/v1\n";
/** From the specification: a pointer is shorter than this. */
const pointerBytes = 1024;

/** Of a repository's tracked files those that are LFS pointers on disk, in place of the content that they stand for. */
export function findLfsPointers(files: readonly ListedFile[]): readonly Uint8Array[] {
  const usesLfs = files.some((file) => isAttributes(file.path) && readFileSync(file.source).includes("filter=lfs"));
  if (!usesLfs) return [];
  const isSmall = (file: ListedFile) =>
    file.kind === "file" && file.size > pointerStart.length && file.size < pointerBytes;
  return files
    .filter((file) => isSmall(file) && readFileSync(file.source, "latin1").startsWith(pointerStart))
    .map((file) => file.path);
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
