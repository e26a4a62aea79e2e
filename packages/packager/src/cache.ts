import { createHash, randomUUID } from "node:crypto";
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { makeFolder } from "@slipway/core";

import { parseStatCache, renderStatCache } from "./cache-file.ts";
import type { CachedFiles } from "./cache-file.ts";

export interface StatCache {
  readonly files: CachedFiles | undefined;
  /** Returns why it could not be remembered, if so: a cache is never needed. */
  save(files: CachedFiles): string | undefined;
}

export interface StatCacheOptions {
  readonly cacheDirectory: string;
  /** The directories that are packaged: the same ones share what is remembered. */
  readonly directories: readonly string[];
}

/** What is remembered of the last packaging of the same directories. A missing or damaged cache is an empty one. */
export function openStatCache(options: StatCacheOptions): StatCache {
  const file = statCacheFile(options);
  const directory = options.cacheDirectory;
  return {
    files: parseStatCache(readIfThere(file)),
    save(files) {
      try {
        makeFolder(directory, { mode: 0o700 });
        const partial = path.join(directory, `${randomUUID()}${partialExtension}`);
        writeFileSync(partial, renderStatCache(files), { flag: "wx", mode: 0o600 });
        renameSync(partial, file);
        removeOld(directory, files.readSinceMs);
        return undefined;
      } catch (error) {
        return String(error instanceof Error ? error.message : "");
      }
    },
  };
}

export function statCacheFile({ cacheDirectory, directories }: StatCacheOptions): string {
  const key = createHash("sha256").update(directories.join("\0")).digest("hex").slice(0, 32);
  return path.join(cacheDirectory, `${key}${extension}`);
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
