import type { StoreStep } from "@slipway/store";

import type { Inventory, KnownExperiment } from "./inventory.ts";
import { planCode } from "./plan-code.ts";
import { planLeftovers } from "./plan-leftovers.ts";
import { planRuns } from "./plan-runs.ts";
import type { RetentionPolicy } from "./policy.ts";

/**
 * `lease`: a mark of a job that can never start again; `code`: a copy; `trash`: one that was closed before; `upload`: one that was never
 * published; `remnant`: what somebody did not delete to the end; `run`: a run directory; `unfinished-run`: a half-made one; `nemo-code`: a
 * copy in a folder of NeMo-Run.
 */
export type ThingKind = "lease" | "code" | "trash" | "upload" | "remnant" | "run" | "unfinished-run" | "nemo-code";

/** Something on the host and what becomes of it. Bytes and inodes are those recorded when it came; 0 where nobody has. */
export interface Thing {
  readonly kind: ThingKind;
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly inodes: number;
  readonly why: string;
}

export interface Removal extends Thing {
  readonly steps: readonly CleaningStep[];
}

/** The store's own steps, and one for run directories, named below `runs`: it goes whole, under another name first. */
export type CleaningStep = StoreStep | { readonly step: "remove-run"; readonly run: string };

/** What goes and what stays, with why; `errors` are what could not be learned. In the order of the work. */
export interface CleaningPlan {
  readonly remove: readonly Removal[];
  readonly keep: readonly Thing[];
  readonly errors: readonly string[];
}

export interface PlanContext {
  readonly inventory: Inventory;
  readonly policy: RetentionPolicy;
  /** All whose records are known; others are told from their run directories. */
  readonly experiments: readonly KnownExperiment[];
}

/** Decides. Pure. Whatever is in doubt stays. */
export function planCleaning(context: PlanContext): CleaningPlan {
  const { jobs, clusterName } = context.inventory;
  const code = planCode(context);
  const leftovers = planLeftovers(context);
  const runs = planRuns(context);
  const errors = jobs.kind === "silent" && clusterName !== undefined ? [jobs.why] : [];
  return {
    remove: [...code.remove, ...leftovers.remove, ...runs.remove],
    keep: [...code.keep, ...leftovers.keep, ...runs.keep],
    errors,
  };
}
