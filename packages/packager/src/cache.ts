import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { parseStatCache, renderStatCache } from "./cache-file.ts";
import type { CachedFile } from "./cache-file.ts";
import type { ListedFile } from "./listing.ts";

export interface StatCache {
  /** The content's sha-256 if the file surely has not changed. Ask in the order of the paths. */
  readonly known: (file: ListedFile) => string | undefined;
  /** What must be remembered, in the order of the paths. Returns why it could not be, if so: a cache is never needed. */
  save(files: readonly CachedFile[], readSinceMs: number): string | undefined;
}

export interface StatCacheOptions {
  readonly cacheDirectory: string;
  /** The directories that are packaged: the same ones share what is remembered. */
  readonly directories: readonly string[];
}

/**
 * A file written to after it was read may carry the same times: clocks of file systems tick in up to 2 s (FAT), and a server's
 * may be behind ours. Such young files are read again (git's racy rule: Documentation/technical/racy-git).
 */
const racyMs = 2_000;

/** What is remembered of the last packaging of the same directories. A missing or damaged cache is an empty one. */
export function openStatCache({ cacheDirectory, directories }: StatCacheOptions): StatCache {
  const key = createHash("sha256").update(directories.join("\0")).digest("hex").slice(0, 32);
  const file = path.join(cacheDirectory, `${key}${extension}`);
  const cached = parseStatCache(readIfThere(file));
  return {
    known({ path: name, size, stamp }) {
      const isYoung = Math.max(stamp.mtimeMs, stamp.ctimeMs) + racyMs >= cached.readSinceMs;
      return isYoung ? undefined : cached.find({ path: name, size, stamp });
    },
    save(files, readSinceMs) {
      try {
        mkdirSync(cacheDirectory, { recursive: true, mode: 0o700 });
        const partial = path.join(cacheDirectory, `${randomUUID()}${partialExtension}`);
        writeFileSync(partial, renderStatCache(files, readSinceMs), { flag: "wx", mode: 0o600 });
        renameSync(partial, file);
        removeOld(cacheDirectory, readSinceMs);
        return undefined;
      } catch (error) {
        return String(error instanceof Error ? error.message : "");
      }
    },
  };
}

const extension = ".stat";
const partialExtension = ".partial";

function readIfThere(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0); // Whatever keeps it from being read, the files themselves can be.
  }
}

const unusedMs = 30 * 24 * 3600 * 1000;

/** Caches of directories that were not packaged for a month, and what a killed process left. */
function removeOld(cacheDirectory: string, nowMs: number): void {
  for (const name of readdirSync(cacheDirectory)) {
    if (!name.endsWith(extension) && !name.endsWith(partialExtension)) continue;
    const file = path.join(cacheDirectory, name);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat && stat.mtimeMs + unusedMs < nowMs) rmSync(file, { force: true });
  }
}
