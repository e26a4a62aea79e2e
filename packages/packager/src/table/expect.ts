import { existsSync, statSync } from "node:fs";
import path from "node:path";

import { statCacheFile } from "../cache.ts";
import type { PackageOptions } from "../options.ts";

/** An entry of git's index takes about this much; it only has to be of the right size. */
const entryBytes = 80;
const manyFiles = 6_000;
const someFiles = 400;

/**
 * Whether a packaging is likely to have so much to do that helpers are worth their start; they start while git still lists then.
 * Nothing but time depends on it.
 */
export function expectsWork({ cwd, cacheDirectory }: Pick<PackageOptions, "cwd" | "cacheDirectory">): boolean {
  for (let top = path.resolve(cwd); ; top = path.dirname(top)) {
    const indexBytes = sizeOf(path.join(top, ".git", "index"));
    if (indexBytes > 0) {
      const isKnown = cacheDirectory !== undefined && existsSync(statCacheFile({ cacheDirectory, directories: [top] }));
      return indexBytes > entryBytes * (isKnown ? manyFiles : someFiles);
    }
    if (top === path.dirname(top)) return false;
  }
}

function sizeOf(file: string): number {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    return 0; // A work tree whose .git is a file, or what is not for us to see.
  }
}
