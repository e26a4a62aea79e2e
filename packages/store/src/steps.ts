import type { Transport } from "@slipway/core";

import { askHost } from "./answer.ts";
import { isAbsent, throwFailure } from "./failure.ts";
import type { Place } from "./failure.ts";
import { checkName } from "./names.ts";

/**
 * One atomic change of a store, safe at any moment and from any view of it, however stale, but for `drop`: that needs evidence that
 * the job can never start again. Whether a step is wanted is its caller's policy.
 */
export type StoreStep =
  /** Takes an intent away: its own submitter's when it gives up, or anybody's that is old. */
  | { readonly step: "revoke"; readonly instance: string; readonly token: string }
  /** Takes a job's or a wrapper's lease away, by its name `j.<cluster>.<job>` or `w.<cluster>.<job>`. */
  | { readonly step: "drop"; readonly instance: string; readonly lease: string }
  | { readonly step: "pin" | "unpin"; readonly instance: string; readonly experiment: string }
  /** Ends the leasing of an instance, for ever. Refused while it has a lease. */
  | { readonly step: "close"; readonly instance: string }
  /** Moves a closed instance to the trash. Refused while it is open. */
  | { readonly step: "move"; readonly instance: string }
  /** Deletes an instance in the trash, or an unfinished upload: claims it under a new name, then deletes that. */
  | { readonly step: "purge" | "reclaim"; readonly instance: string }
  /** Deletes what was claimed and not deleted to the end, by its name `.del-…`. */
  | { readonly step: "sweep"; readonly name: string };

export type StepResult =
  | { readonly outcome: "done" }
  /** What it takes away is not there: gone before, or done by an earlier try whose answer was lost. */
  | { readonly outcome: "absent" }
  /** `why` is untrusted text of the host. */
  | { readonly outcome: "refused"; readonly why: string };

export interface StepsContext {
  readonly transport: Transport;
  readonly place: Place;
  readonly clusterName: string;
  readonly nonce: () => string;
  readonly signal?: AbortSignal | undefined;
}

/** Takes the steps in one command, one after another, each whatever came of those before; results in the same order. */
export async function applySteps(list: readonly StoreStep[], context: StepsContext): Promise<readonly StepResult[]> {
  const { transport, place, clusterName, nonce, signal } = context;
  const stdin = list.map((step) => `${renderStep(step, nonce)}\n`).join("");
  signal?.throwIfAborted();
  if (list.length === 0) return [];
  const answer = await askHost(transport, "steps", [place.root, clusterName], { signal, stdin });
  if (isAbsent(answer)) return list.map(() => ({ outcome: "absent" }));
  throwFailure(answer, place);
  const results = answer.lines.filter(({ word }) => word === "STEP").map(({ rest }) => parseResult(rest));
  if (results.length !== list.length) throw new Error(`${list.length} steps had ${results.length} results`);
  return results;
}

function renderStep(step: StoreStep, nonce: () => string): string {
  if (step.step === "sweep") return `sweep ${checkName("claimed", step.name)}`;
  const start = `${step.step} ${checkName("instance", step.instance)}`;
  switch (step.step) {
    case "revoke":
      return `${start} i.${checkName("token", step.token)}`;
    case "drop":
      return `${start} ${checkName("lease", step.lease)}`;
    case "pin":
      return `${start} ${checkName("experiment", step.experiment)}`;
    case "unpin":
      return `${start} p.${checkName("experiment", step.experiment)}`;
    case "close":
    case "move":
      return start;
    case "purge":
    case "reclaim":
      return `${start} ${nonce()}`;
  }
}

function parseResult(said: string): StepResult {
  if (said === "done" || said === "absent") return { outcome: said };
  return { outcome: "refused", why: said.replace(/^refused /, "").trim() };
}
