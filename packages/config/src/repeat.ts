import type { Dependency, Job } from "@slipway/core";

/** How often a job is repeated in a chain, by its name. */
export type Repeats = Readonly<Record<string, number>>;

/**
 * Jobs that are repeated as chains: `train` three times is `train-1`, `train-2` and `train-3`, each after any end of the one before and in
 * the run directory of the first, so that each goes on where the last one stopped. Who needs `train` needs the last of the chain.
 */
export function repeatJobs(jobs: readonly Job[], repeats: Repeats): readonly Job[] {
  const timesOf = (name: string) => (Object.hasOwn(repeats, name) ? (repeats[name] ?? 1) : 1);
  const last = (need: Dependency): Dependency => {
    const times = need.experiment === undefined ? timesOf(need.job) : 1;
    return times > 1 ? { ...need, job: linkName(need.job, times) } : need;
  };
  return jobs.flatMap((job) => {
    const needs = job.needs.map(last);
    const times = timesOf(job.name);
    if (times <= 1) return [{ ...job, needs }];
    return Array.from({ length: times }, (_, index): Job => {
      const name = linkName(job.name, index + 1);
      if (index === 0) return { ...job, name, needs };
      const before: Dependency = { job: linkName(job.name, index), type: "any" };
      return { ...job, name, needs: [before], runDirOf: linkName(job.name, 1) };
    });
  });
}

export function linkName(name: string, number: number): string {
  return `${name}-${number}`;
}
