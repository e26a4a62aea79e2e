import type { Dependency, DependencyType, ExperimentRecord, Job } from "@slipway/core";

import { ExperimentError } from "./error.ts";
import { findExperiment } from "./find.ts";

/** Another experiment, or one of its jobs, that must end first. */
export interface After {
  /** An id, the beginning of one, or a name. */
  readonly experiment: string;
  /** All its jobs when absent. */
  readonly job?: string;
  readonly type: DependencyType;
}

export interface AfterOptions {
  readonly jobs: readonly Job[];
  /** By job. */
  readonly after: Readonly<Record<string, readonly After[]>>;
  readonly records: readonly ExperimentRecord[];
  readonly cluster: string;
}

/**
 * Jobs with the needs of other experiments beside their own. Throws EXPERIMENT_NOT_FOUND, EXPERIMENT_JOB_NOT_FOUND and EXPERIMENT_AMBIGUOUS, and
 * EXPERIMENT_INVALID for an experiment of another cluster.
 */
export function addAfter({ jobs, after, records, cluster }: AfterOptions): readonly Job[] {
  return jobs.map((job) => {
    const references = after[job.name] ?? [];
    if (references.length === 0) return job;
    const needs = [...job.needs, ...references.flatMap((reference) => resolve(reference, records, cluster))];
    const distinct = new Map(needs.map((need) => [`${need.experiment ?? ""}/${need.job}`, need]));
    return { ...job, needs: [...distinct.values()] };
  });
}

function resolve(
  { experiment, job, type }: After,
  records: readonly ExperimentRecord[],
  cluster: string,
): readonly Dependency[] {
  const found = findExperiment(job === undefined ? experiment : `${experiment}/${job}`, records);
  if (found.record.cluster !== cluster) {
    throw new ExperimentError(
      "EXPERIMENT_INVALID",
      `${found.record.id} is an experiment of ${found.record.cluster}; jobs of ${cluster} cannot wait for it`,
      { hint: "Wait for it first: slipway wait" },
    );
  }
  return found.jobs.map(({ name }) => ({ job: name, type, experiment: found.record.id }));
}
