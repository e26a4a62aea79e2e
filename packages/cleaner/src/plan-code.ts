import type { StoredLease, StoreStep } from "@slipway/store";

import type { InstanceSeen, Inventory } from "./inventory.ts";
import { judgeLease, youngestRunsOf } from "./judge-lease.ts";
import type { LeaseContext } from "./judge-lease.ts";
import { protectNewest } from "./keep-last.ts";
import { mayLive } from "./live-run.ts";
import type { CleaningPlan, PlanContext, Removal, Thing } from "./plan.ts";
import type { RetentionPolicy } from "./policy.ts";
import { exceededLimit, sizeOf, subtract, sumOf, totalSize } from "./size.ts";
import { describeAge, describeLiveRun } from "./words.ts";

/** A copy, with why it stays; the first that is set counts. */
interface Judged {
  readonly instance: InstanceSeen;
  /** Leases that go, whatever becomes of the copy. */
  readonly freed: readonly Removal[];
  /** Somebody may need it. */
  readonly needed?: string;
  /** The policy keeps it always. */
  readonly wanted?: string;
  /** The policy keeps it while there is room. */
  readonly young?: string;
}

/** Copies of code: those that nobody needs and the policy does not want are closed and go to the trash. */
export function planCode(context: PlanContext): Pick<CleaningPlan, "remove" | "keep"> {
  const { inventory, policy, experiments } = context;
  const newest = protectNewest(inventory, experiments, policy.keepLast);
  const leaseContext = { ...context, youngestRuns: youngestRunsOf(inventory) };
  const judged = inventory.instances.map((instance) => judge(instance, leaseContext, newest.get(instance.instance)));
  const aboveLimit = chooseAboveLimit(judged, inventory, policy);
  const remove: Removal[] = [];
  const keep: Thing[] = [];
  for (const { instance, freed, needed, wanted, young } of judged) {
    const path = `${inventory.jobDir}/store/code/${instance.instance}`;
    const thing = { kind: "code", path, ...sizeOf(instance) } as const;
    const limit = aboveLimit.get(instance);
    const stays = needed ?? wanted ?? (limit === undefined ? young : undefined);
    remove.push(...freed);
    if (stays !== undefined) keep.push({ ...thing, why: stays });
    else
      remove.push({
        ...thing,
        why: limit ?? describeEnd(instance),
        steps: removalSteps(instance, limit !== undefined),
      });
  }
  return { remove, keep };
}

function judge(instance: InstanceSeen, context: LeaseContext, wanted: string | undefined): Judged {
  const { inventory, policy } = context;
  if (!instance.open) return { instance, freed: [] };
  const freed: Removal[] = [];
  const needs: string[] = [];
  for (const lease of instance.leases) {
    const { isNeeded, why } = judgeLease(lease, context);
    if (isNeeded) needs.push(why);
    else freed.push(leaseRemoval(lease, why, inventory.jobDir));
  }
  const run = liveRunOf(instance, inventory, policy);
  const [first] = run === undefined ? needs : [...needs, run];
  const more = needs.length > 1 ? ` (and ${needs.length - 1} more)` : "";
  const young = describeYouth(instance, policy, freed.length > 0);
  return {
    instance,
    freed,
    ...(first !== undefined && { needed: `${first}${more}` }),
    ...(wanted !== undefined && { wanted }),
    ...(young !== undefined && { young }),
  };
}

/** On this machine a job that lives may have been begun by somebody who took no lease. */
function liveRunOf({ instance }: InstanceSeen, { jobs }: Inventory, policy: RetentionPolicy) {
  if (jobs.kind !== "local") return undefined;
  const run = jobs.live.find((live) => (live.instance ?? instance) === instance && mayLive(live, policy));
  return run && describeLiveRun(run);
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
): ReadonlyMap<InstanceSeen, string> {
  const chosen = new Map<InstanceSeen, string>();
  let total = totalSize(inventory);
  if (exceededLimit(total, policy) === undefined) return chosen;
  total = subtract(total, sumOf(inventory.leftovers.filter(({ kind }) => kind === "trashed").map(sizeOf)));
  const free = judged
    .filter(({ needed, wanted }) => needed === undefined && wanted === undefined)
    .map(({ instance }) => instance)
    .toSorted((a, b) => (b.idleSeconds ?? Infinity) - (a.idleSeconds ?? Infinity) || compare(a, b));
  for (const instance of free) {
    const limit = exceededLimit(total, policy);
    if (limit === undefined) break;
    chosen.set(instance, `nobody needs it, and ${limit}`);
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
