import { isJobName, nearest } from "@slipway/core";
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
  const ordered: Job[] = [];
  const done = new Set<string>();
  for (const job of jobs) visit(job, { byName, ordered, done, path: [] });
  return ordered;
}

interface Walk {
  readonly byName: ReadonlyMap<string, Job>;
  readonly ordered: Job[];
  readonly done: Set<string>;
  readonly path: readonly string[];
}

function visit(job: Job, { path, ...walk }: Walk): void {
  if (walk.done.has(job.name)) return;
  if (path.includes(job.name)) {
    const cycle = [...path.slice(path.indexOf(job.name)), job.name].join(" → ");
    throw new ExperimentError("EXPERIMENT_CYCLE", `These jobs wait for each other: ${cycle}`, {
      hint: "Take one of these needs away",
    });
  }
  for (const { job: needed } of job.needs) {
    visit(findNeeded(needed, job, walk.byName), { ...walk, path: [...path, job.name] });
  }
  walk.done.add(job.name);
  walk.ordered.push(job);
}

function findNeeded(needed: string, { name }: Job, byName: ReadonlyMap<string, Job>): Job {
  const job = byName.get(needed);
  if (job) return job;
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
