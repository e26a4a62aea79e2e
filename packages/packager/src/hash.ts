import type { ManifestEntry } from "@slipway/core";

import { changed, createScratch, readContent, readStored } from "./content.ts";
import type { FileContent, ReadOptions } from "./content.ts";
import { createSlices } from "./cooperate.ts";
import type { Blobs } from "./git/blobs.ts";
import type { FileStamp, ListedFile } from "./listing.ts";

export interface HashOptions {
  /** Reads what a commit holds. */
  readonly blobs: Blobs;
  /** What is known of the files without reading them; in the files' order, as asked. */
  readonly known?: ((file: ListedFile) => string | undefined) | undefined;
  /** Hears of every file that was read. */
  readonly onHashed?: ((file: ListedFile, content: FileContent) => void) | undefined;
  /** Looks for secrets in what is read. */
  readonly scan?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The manifest's entries of listed files: each content read once at most, synchronously, in slices that let others work. */
export async function hashFiles(
  files: readonly ListedFile[],
  { blobs, known, onHashed, scan, signal }: HashOptions,
): Promise<readonly ManifestEntry[]> {
  const scratch = createScratch();
  const pause = createSlices(signal);
  const entries: ManifestEntry[] = [];
  for (const file of files) {
    const { path, target, mode } = file;
    if (target !== undefined) {
      entries.push({ kind: "symlink", path, target });
      continue;
    }
    const fileMode = mode === 0o755 ? 0o755 : 0o644;
    const sha256 = file.stored ? undefined : known?.(file);
    if (sha256 !== undefined) {
      entries.push({ kind: "file", path, mode: fileMode, size: file.size, sha256 });
      continue;
    }
    const content = await (file.stored
      ? readStored(file.stored, { blobs, scan })
      : readStable(file, { scratch, scan, signal }));
    onHashed?.(file, content);
    entries.push({ kind: "file", path, mode: fileMode, size: content.size, sha256: content.sha256 });
    const paused = pause();
    if (paused) await paused;
  }
  return entries;
}

/** Content that nobody wrote to while it was being read: else it could be a mixture that never existed. One change is forgiven. */
export async function readStable(file: ListedFile, options: ReadOptions): Promise<FileContent> {
  let before: FileStamp = file.stamp;
  for (let attempt = 1; attempt <= 2; attempt++) {
    const content = await readContent(file.source, options);
    if (content !== undefined && isSameStamp(content.stamp, before)) return content;
    if (content !== undefined) before = content.stamp;
  }
  throw changed(file.source);
}

export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.inode === b.inode;
}
