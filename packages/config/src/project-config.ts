import type { Companion } from "@slipway/core";

import type { CleanSettings } from "./cluster-config.ts";

/** What `slipway.yaml` and the user's `config.yaml` say. */
export interface ProjectConfig {
  readonly preset?: "nemo-skills";
  /** Those of the preset among them; each name once. */
  readonly companions: readonly Companion[];
  /** Globs of untracked or ignored files to add. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Globs of files that may look as if they held secrets. */
  readonly allowSecrets?: readonly string[];
  /** The largest bundle that may be packed. */
  readonly maxBytes?: number;
  /** The cluster that `run` uses unless it is told another. */
  readonly cluster?: string;
  /** What a cleaner that runs here keeps; it goes before what the cluster's file says. */
  readonly clean?: CleanSettings;
}
