import type { StoredLease } from "@slipway/store";

import type { Inventory } from "./inventory.ts";
import type { LiveRunOf } from "./live-run.ts";
import type { RetentionPolicy } from "./policy.ts";
import { describeAge, describeLiveRun } from "./words.ts";

/** Whether a lease is still needed, as far as anybody can know, and why. */
export interface LeaseVerdict {
  readonly isNeeded: boolean;
  readonly why: string;
}

export interface LeaseContext {
  readonly inventory: Inventory;
  readonly policy: RetentionPolicy;
  /** Of each instance that has run directories: the age of the youngest. */
  readonly youngestRuns: ReadonlyMap<string, number>;
  readonly liveRunOf: LiveRunOf;
}

/** Source of the rules: `spec: store`, "Cleaning". Any doubt keeps. */
export function judgeLease(lease: StoredLease, context: LeaseContext): LeaseVerdict {
  const { inventory, policy } = context;
  const { holder, ageSeconds } = lease;
  switch (holder.kind) {
    case "pin":
      return kept(`pinned by ${holder.experiment}`);
    case "unknown":
      return kept(`its lease ${lease.name} is none that this version knows`);
    case "intent":
      return judgeIntent(holder.token, ageSeconds, inventory, policy);
    case "job":
    case "wrapper":
      return judgeJob(lease, holder, context);
  }
}

function judgeIntent(
  token: string,
  ageSeconds: number,
  { jobs }: Inventory,
  { intentSeconds }: RetentionPolicy,
): LeaseVerdict {
  if (ageSeconds < intentSeconds) return kept(`the submission of ${token} may be under way`);
  if (jobs.kind === "silent") return kept(`the submission of ${token} may be under way: ${jobs.why}`);
  if (jobs.kind === "slurm" && [...jobs.tokens].some((word) => word.endsWith(token)))
    return kept(`the queue has a job of the submission ${token}`);
  return free(`the submission of ${token} was given up ${describeAge(ageSeconds)} ago`);
}

function judgeJob(
  lease: StoredLease,
  { clusterName, jobId }: { readonly clusterName: string; readonly jobId: string },
  context: LeaseContext,
): LeaseVerdict {
  const { ageSeconds, userId } = lease;
  const { jobs, clusterName: own } = context.inventory;
  if (clusterName !== own) return kept(`a job ${jobId} of another cluster, ${clusterName}, may need it`);
  if (jobs.kind === "silent") return kept(`job ${jobId} may need it: ${jobs.why}`);
  if (userId !== jobs.userId) return kept(`job ${jobId} of another user (${userId}) may need it`);
  if (ageSeconds < context.policy.staleSeconds)
    return kept(`job ${jobId} was submitted ${describeAge(ageSeconds)} ago`);
  if (jobs.kind === "slurm") {
    const state = jobs.states.get(jobId);
    return state === undefined ? free(`Slurm has forgotten job ${jobId}`) : kept(`job ${jobId} is ${state}`);
  }
  return judgeLocalJob(lease, context);
}

/** The names of this machine's leases tell no job: whatever has the code counts, and a lease that came before its job's run directory. */
function judgeLocalJob(
  { instance, ageSeconds }: StoredLease,
  { policy, youngestRuns, liveRunOf }: LeaseContext,
): LeaseVerdict {
  const run = liveRunOf(instance);
  if (run) return kept(describeLiveRun(run));
  const hasRun = (youngestRuns.get(instance) ?? Infinity) <= ageSeconds + slackSeconds;
  if (!hasRun && ageSeconds < policy.intentSeconds) return kept("a job that has it may be about to begin");
  return free("no process of a job that has it lives");
}

/** Leases and run directories are looked at one after the other. */
const slackSeconds = 5;

export function youngestRunsOf({ runs }: Pick<Inventory, "runs">): ReadonlyMap<string, number> {
  const youngest = new Map<string, number>();
  for (const { instance, ageSeconds } of runs) {
    if (instance !== undefined) youngest.set(instance, Math.min(ageSeconds, youngest.get(instance) ?? Infinity));
  }
  return youngest;
}

function kept(why: string): LeaseVerdict {
  return { isNeeded: true, why };
}

function free(why: string): LeaseVerdict {
  return { isNeeded: false, why };
}
