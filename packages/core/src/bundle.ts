import type { Digest, Manifest, ManifestEntry } from "./manifest.ts";

export interface TarOptions {
  /** Put before every path of the manifest, without a slash at the end. */
  readonly prefix?: string | undefined;
  /** Modes without write permission, as they lie in the code store. */
  readonly readOnly?: boolean | undefined;
  /** Adds the canonical manifest as a file of this name, first; beside the prefix, not below it. */
  readonly manifestName?: string | undefined;
  /** Leaves out the entries of the bundle's manifest for which it says no; all are in the tar when absent. */
  readonly only?: ((entry: ManifestEntry) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The packaged code, named by its digest. Its content is read when the tar is, and checked against the manifest then. */
export interface Bundle {
  readonly digest: Digest;
  readonly manifest: Manifest;
  /** Where the code comes from, for the record. */
  readonly source: CodeSource;
  /** An uncompressed, deterministic tar. Ends with an error, never with other bytes, when a file changed since it was packed. */
  tar(options?: TarOptions): AsyncIterable<Uint8Array>;
}

/** Which code a bundle holds, as an experiment's record keeps it. */
export interface CodeSource {
  /** Which of the three rules chose it (see `spec: product`): 1 the repository with its companion inside, 2 the repository and the companions, 3 the companions. */
  readonly rule: 1 | 2 | 3;
  /** The repository's top directory, or the directory the command ran in; absolute. */
  readonly root: string;
  /** Object id of HEAD; absent without a commit. */
  readonly commit?: string;
  /** Absent when HEAD is detached. */
  readonly branch?: string;
  /** URL of the branch's remote or of `origin`, without credentials. */
  readonly remote?: string;
  /** Whether a tracked file differs from HEAD. */
  readonly dirty: boolean;
  /** The difference between HEAD and what was packaged, as `git apply` reads it; absent when clean or unknown. */
  readonly patch?: string;
}

/** A package whose code always comes along, and where it is found. */
export interface Companion {
  /** The top-level directory it takes in the bundle: `nemo_skills`. */
  readonly name: string;
  readonly source: CompanionSource;
  /** Globs below the companion that come along although git does not track them; matching nothing is no error. */
  readonly include?: readonly string[];
}

export type CompanionSource =
  /** Where this Python has a module installed; located, never imported. `interpreter` is a path or a name on PATH, `python3` when absent. */
  | { readonly kind: "python"; readonly module: string; readonly interpreter?: string }
  /** Where Node finds an npm package from the working directory. */
  | { readonly kind: "npm"; readonly package: string }
  /** A directory; absolute. Inside a repository only the files that git tracks come along. */
  | { readonly kind: "path"; readonly directory: string };
