import { isJobName, nearest, orderByNeeds } from "@slipway/core";
import type { Experiment, Job } from "@slipway/core";

import { ExperimentError } from "./error.ts";

/** The jobs in an order in which each comes after those it needs, and else as they were given. Throws for a graph that cannot be. */
export function orderJobs({ name, jobs }: Experiment): readonly Job[] {
  if (jobs.length === 0) throw new ExperimentError("EXPERIMENT_INVALID", `The experiment ${name} has no jobs`);
  const byName = new Map<string, Job>();
  for (const job of jobs) {
    checkName(job.name, byName);
    byName.set(job.name, job);
  }
  for (const job of jobs) {
    for (const { job: needed, experiment } of job.needs) if (experiment === undefined) findNeeded(needed, job, byName);
  }
  const { ordered, cycle } = orderByNeeds(jobs, (job) => ({
    name: job.name,
    needs: job.needs.flatMap((need) => (need.experiment === undefined ? need.job : [])),
  }));
  if (!cycle) return ordered;
  const names = cycle.map((job) => job.name).join(" → ");
  throw new ExperimentError("EXPERIMENT_CYCLE", `These jobs wait for each other: ${names}`, {
    hint: "Take one of these needs away",
  });
}

function findNeeded(needed: string, { name }: Job, byName: ReadonlyMap<string, Job>): void {
  if (byName.has(needed)) return;
  const near = nearest(needed, byName.keys());
  throw new ExperimentError(
    "EXPERIMENT_INVALID",
    `The job ${name} needs ${JSON.stringify(needed)}, which there is not`,
    {
      hint: near === undefined ? `The jobs are: ${[...byName.keys()].join(", ")}` : `Did you mean ${near}?`,
    },
  );
}

function checkName(name: string, earlier: ReadonlyMap<string, Job>): void {
  if (!isJobName(name)) {
    throw new ExperimentError("EXPERIMENT_INVALID", `${JSON.stringify(name)} cannot be a job's name`, {
      hint: "Use letters, digits, '_', '.' and '-', at most 63 of them, first a letter or a digit",
    });
  }
  for (const other of earlier.keys()) {
    if (other.toLowerCase() === name.toLowerCase()) {
      throw new ExperimentError("EXPERIMENT_INVALID", `Two jobs would share one directory: ${other} and ${name}`, {
        hint: "Give one of them another name",
      });
    }
  }
}
