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

export interface ExplainedSubmodule {
  /** As it lies in the bundle, made safe to print. */
  readonly path: string;
  /** The commit that its superproject records. */
  readonly recorded: string;
  /** The commit that is checked out, or that is packaged where a commit is; absent where the submodule is not initialised. */
  readonly commit?: string;
  /** `moved`: at another commit than is recorded. Nothing is packaged of one that is not initialised. */
  readonly state: "as_recorded" | "moved" | "not_initialised";
  /** Whether its tracked files differ from its commit. */
  readonly dirty: boolean;
}

/** Every submodule with what is packaged of it, sorted. */
export function explainSubmodules(listing: Listing): readonly ExplainedSubmodule[] {
  const explained = listing.submodules.map((submodule): ExplainedSubmodule => {
    const { recorded, commit, dirty } = submodule;
    const path = displayPath(submodule.path);
    if (commit === undefined) return { path, recorded, state: "not_initialised", dirty };
    return { path, recorded, commit, state: commit === recorded ? "as_recorded" : "moved", dirty };
  });
  return explained.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
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
