import type { Clock, Companion, Digest } from "@slipway/core";

/** What to package, seen from one directory. */
export interface PackageOptions {
  /** Where the command runs; absolute. */
  readonly cwd: string;
  /** `PATH` finds git and Python, which get the rest too, `GIT_DIR` and its like excepted. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly companions?: readonly Companion[] | undefined;
  /** `tracked` files with their content on disk when absent. */
  readonly code?: PackagedCode | undefined;
  /** Globs relative to the repository's top, or to `cwd` outside of any: untracked and ignored files to add. One that matches nothing is an error. */
  readonly include?: readonly string[] | undefined;
  /** Globs on the paths as they lie in the bundle: files to leave out. */
  readonly exclude?: readonly string[] | undefined;
  /** Leaves out what `.gitattributes` mark export-ignore, as `git archive` does. Off when absent: it is tracked, so it comes along. */
  readonly exportIgnore?: boolean | undefined;
  /** Globs on the paths as they lie in the bundle: files that may look as if they held secrets. Any other such file is refused. */
  readonly allowSecrets?: readonly string[] | undefined;
  /** A larger bundle is refused; a fifth of it is told. 500,000,000 when absent. */
  readonly maxBytes?: number | undefined;
  /** Remembers the content of files that have not changed. Nothing is remembered when absent. */
  readonly cacheDirectory?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: PackagerEvent) => void) | undefined;
}

export type PackagedCode =
  | { readonly kind: "tracked" }
  /** The tree of a commit, HEAD's when absent. A repository with changes is refused unless they may stay behind. */
  | { readonly kind: "commit"; readonly ref?: string | undefined; readonly allowDirty?: boolean | undefined };

export type PackagerEvent =
  | { readonly type: "packager.listed"; readonly files: number; readonly bytes: number; readonly untracked: number }
  /** `hashedFiles` were read; the others were known from last time. */
  | { readonly type: "packager.hashed"; readonly hashedFiles: number; readonly hashedBytes: number }
  /** The cache directory could not be written; the next packaging reads everything again. */
  | { readonly type: "packager.not_remembered"; readonly reason: string }
  | { readonly type: "packager.packed"; readonly digest: Digest; readonly files: number; readonly bytes: number };

export const defaultMaxBytes = 500_000_000;
