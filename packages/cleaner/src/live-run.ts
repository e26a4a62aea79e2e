import type { LiveRun } from "./inventory.ts";
import type { RetentionPolicy } from "./policy.ts";

/** One that never began is a submission that was given up once it is as old as such an intent. */
export function mayLive({ state, ageSeconds }: LiveRun, { intentSeconds }: RetentionPolicy): boolean {
  return state !== "unstarted" || ageSeconds < intentSeconds;
}
