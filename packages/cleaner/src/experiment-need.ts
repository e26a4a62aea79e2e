import type { Inventory } from "./inventory.ts";
import { mayLive } from "./live-run.ts";
import type { RetentionPolicy } from "./policy.ts";
import { describeAge, describeLiveRun } from "./words.ts";

/** Why an experiment's run directories must stay; undefined when none of its jobs can ever start or write again. */
export function describeNeed(
  experiment: string,
  { jobs, instances, runs }: Inventory,
  policy: RetentionPolicy,
): string | undefined {
  for (const { leases } of instances) {
    for (const { holder } of leases) {
      if (holder.kind === "pin" && holder.experiment === experiment) return "it is pinned";
      const isIntent = holder.kind === "intent" && holder.token.startsWith(`${experiment}.`);
      if (isIntent) return `the submission of ${holder.token} may be under way`;
    }
  }
  if (jobs.kind === "silent") return jobs.why;
  const others = runs.find((run) => run.experiment === experiment && run.userId !== jobs.userId);
  if (others) return `${experiment}/${others.job} is another user's (${others.userId}), of whose jobs nothing is known`;
  if (jobs.kind === "local") {
    const live = jobs.live.find((each) => each.run.startsWith(`${experiment}/`) && mayLive(each, policy));
    return live && describeLiveRun(live);
  }
  const token = [...jobs.tokens].find((each) => each.includes(`${experiment}.`));
  if (token !== undefined) return `Slurm still knows its job ${token}, and may start it again`;
  const young = runs.find((run) => run.experiment === experiment && run.ageSeconds < policy.staleSeconds);
  return young && `${experiment}/${young.job} was submitted ${describeAge(young.ageSeconds)} ago`;
}
