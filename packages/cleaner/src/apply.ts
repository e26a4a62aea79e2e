import type { Transport } from "@slipway/core";
import { createCodeStore } from "@slipway/store";
import type { StepResult, StoreStep } from "@slipway/store";

import type { Inventory } from "./inventory.ts";
import { writeJournal } from "./journal.ts";
import type { CleaningPlan, CleaningStep, Removal, Thing } from "./plan.ts";
import { removeRuns } from "./remove-runs.ts";

export type CleaningEvent =
  | { readonly type: "cleaner.removed"; readonly thing: Thing }
  /** The host did not do it: somebody has taken it up meanwhile. */
  | { readonly type: "cleaner.kept"; readonly thing: Thing };

export interface CleaningResult {
  readonly removed: readonly Thing[];
  /** What was to go and stayed, with why. */
  readonly kept: readonly Thing[];
}

export interface ApplyOptions {
  readonly transport: Transport;
  /** Whose plan it is. */
  readonly inventory: Pick<Inventory, "jobDir" | "clusterName">;
  readonly plan: Pick<CleaningPlan, "remove">;
  /** Who cleans, for the record: `alice@laptop`. */
  readonly by?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: CleaningEvent) => void) | undefined;
}

/**
 * Carries a plan out, by steps that the file server decides: what somebody has taken up since stays. May be interrupted at any moment, and
 * be repeated. What went is recorded in `store/cleaned` there.
 */
export async function applyCleaning(options: ApplyOptions): Promise<CleaningResult> {
  const { inventory, plan, onEvent, signal } = options;
  const { clusterName, jobDir } = inventory;
  const removed: Thing[] = [];
  const kept: Thing[] = [];
  if (clusterName === undefined) return { removed, kept };
  const store = createCodeStore({ transport: options.transport, root: jobDir, clusterName });
  for (const batch of inBatches(plan.remove)) {
    signal?.throwIfAborted();
    const outcomes = await applyBatch(batch, options, (steps) => store.apply(steps, { signal }));
    const went = batch.filter((_, index) => outcomes[index] === undefined);
    // Also when this was interrupted meanwhile: what is gone is recorded.
    if (went.length > 0) await writeJournal(went.map(toThing), options);
    for (const [index, removal] of batch.entries()) {
      const refusal = outcomes[index];
      const thing = refusal === undefined ? toThing(removal) : { ...toThing(removal), why: refusal };
      (refusal === undefined ? removed : kept).push(thing);
      onEvent?.({ type: refusal === undefined ? "cleaner.removed" : "cleaner.kept", thing });
    }
  }
  return { removed, kept };
}

/** Why each stayed; undefined of those that went. */
async function applyBatch(
  batch: readonly Removal[],
  { transport, inventory, signal }: ApplyOptions,
  applySteps: (steps: readonly StoreStep[]) => Promise<readonly StepResult[]>,
): Promise<readonly (string | undefined)[]> {
  const storeSteps = batch.flatMap(({ steps }) => steps.filter(isStoreStep));
  const results = storeSteps.length === 0 ? [] : await applySteps(storeSteps);
  const resultOf = new Map<CleaningStep, StepResult>(
    storeSteps.map((step, index) => [step, results[index] ?? { outcome: "refused", why: "it had no result" }]),
  );
  const runs = batch.flatMap(({ steps }) => steps.flatMap((step) => (step.step === "remove-run" ? step.run : [])));
  const refusedRuns =
    runs.length === 0 ? new Map<string, string>() : await removeRuns(runs, { transport, inventory, signal });
  return batch.map(({ steps }) => {
    for (const step of steps) {
      const result = resultOf.get(step);
      if (result?.outcome === "refused") return `somebody has taken it up since: ${result.why}`;
      const refused = step.step === "remove-run" ? refusedRuns.get(step.run) : undefined;
      if (refused !== undefined) return refused;
    }
    return undefined;
  });
}

function isStoreStep(step: CleaningStep): step is StoreStep {
  return step.step !== "remove-run";
}

function toThing({ kind, path, bytes, inodes, why }: Removal): Thing {
  return { kind, path, bytes, inodes, why };
}

const mostSteps = 512;
/** Deleting takes its time: an interruption waits for no more than this. */
const mostInodes = 20_000;

function inBatches(removals: readonly Removal[]): readonly (readonly Removal[])[] {
  const batches: Removal[][] = [];
  let steps = Infinity;
  let inodes = 0;
  for (const removal of removals) {
    if (steps + removal.steps.length > mostSteps || inodes > mostInodes) {
      batches.push([]);
      steps = 0;
      inodes = 0;
    }
    batches.at(-1)?.push(removal);
    steps += removal.steps.length;
    inodes += removal.inodes;
  }
  return batches;
}
