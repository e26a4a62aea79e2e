import { manifestDigest } from "@slipway/core";
import type { Bundle, CodeSource, Manifest } from "@slipway/core";

import { absolutePath } from "./paths.ts";
import { pairMembers, tarStream } from "./tar.ts";

export interface TreeBundleOptions {
  /** Where the files lie, under their paths in the manifest; absolute. */
  readonly directory: string;
  readonly manifest: Manifest;
  readonly source: CodeSource;
  /** As for packaging. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A bundle of code that lies unpacked on this machine, as a code store has it. Nothing is read before its tar is, and then each file is checked. */
export function bundleOfTree({ directory, manifest, source, env }: TreeBundleOptions): Bundle {
  const files = manifest.entries.map(({ path }) => ({ source: absolutePath(directory, path) }));
  return {
    digest: manifestDigest(manifest),
    manifest,
    source,
    tar: (options = {}) => tarStream({ manifest, members: pairMembers(manifest, files), env }, options),
  };
}
