import { createManifest, renderManifest } from "@slipway/core";
import type { ManifestEntry, TarOptions } from "@slipway/core";

import type { ListedFile, Listing } from "./listing.ts";
import { loadHeaderEncoder } from "./tar-header.ts";
import { blockBytes, pathInTar } from "./tar.ts";

export interface PredictedBytes {
  /** Sum of the files' sizes. */
  readonly content: number;
  /** The whole tar: what a code store that has none of it would receive. */
  readonly tar: number;
}

/** How many bytes of a listing would travel, from its sizes alone: exact, as long as no file changes. `options` as for `tar()`. */
export async function predictBytes(
  { files }: Pick<Listing, "files">,
  { prefix, manifestName }: Pick<TarOptions, "prefix" | "manifestName"> = {},
): Promise<PredictedBytes> {
  const encodeHeader = await loadHeaderEncoder();
  let content = 0;
  let tar = 2 * blockBytes;
  for (const { path, mode, size, target } of files) {
    const fields = { path: pathInTar(path, prefix), mode, size, ...(target !== undefined && { target }) };
    content += size;
    tar += encodeHeader(fields).length + inBlocks(size);
  }
  if (manifestName !== undefined) {
    const size = renderManifest(createManifest(files.map(entryOf))).length;
    tar += encodeHeader({ path: Buffer.from(manifestName), mode: 0o644, size }).length + inBlocks(size);
  }
  return { content, tar };
}

function inBlocks(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

const anySha256 = "0".repeat(64);

function entryOf({ path, mode, size, target }: ListedFile): ManifestEntry {
  if (target !== undefined) return { kind: "symlink", path, target };
  return { kind: "file", path, mode: mode === 0o755 ? 0o755 : 0o644, size, sha256: anySha256 };
}
