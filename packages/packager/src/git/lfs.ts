import { createHash, hash } from "node:crypto";
import { lstatSync, readFileSync } from "node:fs";

import { absolutePath } from "../paths.ts";

/** Begins every pointer that stands for a file of Git LFS (git-lfs specification, "The Pointer"). */
export const lfsPointerStart = "version https://git-lfs.github.com/spec/v1\n";

/**
 * Whether a file holds the content that the index's LFS pointer stands for. Git would ask the filter's program; the pointer is
 * a function of the content, so nothing needs to be run.
 */
export function isUnchangedLfsFile(
  top: string,
  { path, objectId }: { readonly path: Uint8Array; readonly objectId: string },
): boolean {
  const file = absolutePath(top, path);
  if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) return false;
  const content = readFileSync(file);
  const pointer = `${lfsPointerStart}oid sha256:${hash("sha256", content, "hex")}\nsize ${content.length}\n`;
  const algorithm = objectId.length === 64 ? "sha256" : "sha1";
  return createHash(algorithm).update(`blob ${pointer.length}\0${pointer}`).digest("hex") === objectId;
}
