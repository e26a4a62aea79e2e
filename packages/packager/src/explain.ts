import type { Listing } from "./listing.ts";
import { displayPath, latin1 } from "./paths.ts";

export interface Explanation {
  /** As it lies in the bundle, made safe to print; what stays behind relative to the root. */
  readonly path: string;
  readonly kept: boolean;
  readonly why: string;
  /** Bytes, of what is kept. */
  readonly size?: number;
}

/** Every path with the reason why it is packaged or stays behind, sorted. */
export function explainListing(listing: Listing): readonly Explanation[] {
  const dirty = new Set(listing.dirtyFiles.map(latin1));
  const kept = listing.files.map((file) => ({
    path: displayPath(file.path),
    kept: true,
    why: dirty.has(latin1(file.path)) ? `${file.from}, differs from HEAD` : file.from,
    size: file.size,
  }));
  const excluded = listing.excluded.map(({ path, why }) => ({ path: displayPath(path), kept: false, why }));
  const untracked = listing.untracked.map((path) => ({
    path: displayPath(path),
    kept: false,
    why: "untracked: git add it, or include it",
  }));
  const all: Explanation[] = [...kept, ...excluded, ...untracked];
  return all.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}
