import type { JobsSeen, LiveRun } from "./inventory.ts";
import type { RetentionPolicy } from "./policy.ts";

/** One that never began is a submission that was given up once it is as old as such an intent. */
export function mayLive({ state, ageSeconds }: LiveRun, { intentSeconds }: RetentionPolicy): boolean {
  return state !== "unstarted" || ageSeconds < intentSeconds;
}

/** A run directory that may live and has this instance, or of which nobody knows which it has. */
export type LiveRunOf = (instance: string) => LiveRun | undefined;

/** Of jobs that are no processes of this machine nothing is told. */
export function liveRunsOf(jobs: JobsSeen, policy: RetentionPolicy): LiveRunOf {
  const live = jobs.kind === "local" ? jobs.live.filter((run) => mayLive(run, policy)) : [];
  const byInstance = new Map<string | undefined, LiveRun>();
  for (const run of live) if (!byInstance.has(run.instance)) byInstance.set(run.instance, run);
  const ofAny = byInstance.get(undefined);
  return (instance) => byInstance.get(instance) ?? ofAny;
}
