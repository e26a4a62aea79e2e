import type { StoredLease, StoreStep } from "@slipway/store";

import type { InstanceSeen, Inventory } from "./inventory.ts";
import { judgeLease, youngestRunsOf } from "./judge-lease.ts";
import type { LeaseContext } from "./judge-lease.ts";
import { protectNewest } from "./keep-last.ts";
import { liveRunsOf } from "./live-run.ts";
import type { CleaningPlan, PlanContext, Removal, Thing } from "./plan.ts";
import type { RetentionPolicy } from "./policy.ts";
import { exceededByAll, exceededLimit, sizeOf, subtract, sumOf, totalSize } from "./size.ts";
import { describeAge, describeLiveRun } from "./words.ts";

/** A copy, with why it stays; the first that is set counts. */
interface Judged {
  readonly instance: InstanceSeen;
  /** Leases that go, whatever becomes of the copy. */
  readonly freed: readonly Removal[];
  /** Somebody may need it. */
  readonly needed: string | undefined;
  /** The policy keeps it always. */
  readonly wanted: string | undefined;
  /** The policy keeps it while there is room. */
  readonly young: string | undefined;
}

/** Copies of code: those that nobody needs and the policy does not want are closed and go to the trash. */
export function planCode(context: PlanContext): Pick<CleaningPlan, "remove" | "keep"> {
  const { inventory, policy, experiments } = context;
  const newest = protectNewest(inventory, experiments, policy.keepLast);
  const leaseContext = {
    ...context,
    youngestRuns: youngestRunsOf(inventory),
    liveRunOf: liveRunsOf(inventory.jobs, policy),
  };
  const judged = inventory.instances.map((instance) => judge(instance, leaseContext, newest.get(instance.instance)));
  const aboveLimit = chooseAboveLimit(judged, inventory, policy);
  const remove: Removal[] = [];
  const keep: Thing[] = [];
  for (const { instance, freed, needed, wanted, young } of judged) {
    const kind = "code";
    const path = `${inventory.jobDir}/store/code/${instance.instance}`;
    const { bytes, inodes } = sizeOf(instance);
    const limit = aboveLimit.get(instance.instance);
    const stays = needed ?? wanted ?? (limit === undefined ? young : undefined);
    remove.push(...freed);
    if (stays !== undefined) {
      keep.push({ kind, path, bytes, inodes, why: stays });
    } else {
      const steps = removalSteps(instance, limit !== undefined);
      remove.push({ kind, path, bytes, inodes, why: limit ?? describeEnd(instance), steps });
    }
  }
  return { remove, keep };
}

function judge(instance: InstanceSeen, context: LeaseContext, wanted: string | undefined): Judged {
  const { inventory, policy, liveRunOf } = context;
  if (!instance.open) return { instance, freed: [], needed: undefined, wanted: undefined, young: undefined };
  const freed: Removal[] = [];
  const needs: string[] = [];
  for (const lease of instance.leases) {
    const { isNeeded, why } = judgeLease(lease, context);
    if (isNeeded) needs.push(why);
    else freed.push(leaseRemoval(lease, why, inventory.jobDir));
  }
  // On this machine a job that lives may have been begun by somebody who took no lease.
  const run = liveRunOf(instance.instance);
  const [first] = run === undefined ? needs : [...needs, describeLiveRun(run)];
  const more = needs.length > 1 ? ` (and ${needs.length - 1} more)` : "";
  const needed = first === undefined ? undefined : `${first}${more}`;
  return { instance, freed, needed, wanted, young: describeYouth(instance, policy, freed.length > 0) };
}

/** What was needed until this moment was last used now. */
function describeYouth(
  { idleSeconds = 0 }: InstanceSeen,
  { maxAgeSeconds }: RetentionPolicy,
  wasNeeded: boolean,
): string | undefined {
  if ((wasNeeded ? 0 : idleSeconds) >= maxAgeSeconds) return undefined;
  return wasNeeded ? "it was needed until now" : `it was last used ${describeAge(idleSeconds)} ago`;
}

function describeEnd({ open, idleSeconds = 0 }: InstanceSeen): string {
  return open ? `nobody has needed it for ${describeAge(idleSeconds)}` : "it was closed, and nobody can use it";
}

/** Of what nobody needs, the longest unused: as many as bring all code below the limits, once the trash is empty. */
function chooseAboveLimit(
  judged: readonly Judged[],
  inventory: Inventory,
  policy: RetentionPolicy,
): ReadonlyMap<string, string> {
  const chosen = new Map<string, string>();
  if (exceededByAll(inventory, policy) === undefined) return chosen;
  let total = subtract(
    totalSize(inventory),
    sumOf(inventory.leftovers.filter(({ kind }) => kind === "trashed").map(sizeOf)),
  );
  const free = judged
    .filter(({ needed, wanted }) => needed === undefined && wanted === undefined)
    .map(({ instance }) => instance)
    .toSorted((a, b) => (b.idleSeconds ?? Infinity) - (a.idleSeconds ?? Infinity) || compare(a, b));
  for (const instance of free) {
    const limit = exceededLimit(total, policy);
    if (limit === undefined) break;
    chosen.set(instance.instance, `nobody needs it, and ${limit}`);
    total = subtract(total, sizeOf(instance));
  }
  return chosen;
}

function compare(a: InstanceSeen, b: InstanceSeen): number {
  return a.instance < b.instance ? -1 : 1;
}

/** `at once`: without its time in the trash. */
function removalSteps({ instance, open }: InstanceSeen, atOnce: boolean): readonly StoreStep[] {
  return [
    ...(open ? [{ step: "close", instance } as const] : []),
    { step: "move", instance },
    ...(atOnce ? [{ step: "purge", instance } as const] : []),
  ];
}

function leaseRemoval({ instance, name, holder }: StoredLease, why: string, jobDir: string): Removal {
  const step: StoreStep =
    holder.kind === "intent"
      ? { step: "revoke", instance, token: holder.token }
      : { step: "drop", instance, lease: name };
  const path = `${jobDir}/store/code/${instance}/L/${name}`;
  return { kind: "lease", path, bytes: 0, inodes: 1, why, steps: [step] };
}
