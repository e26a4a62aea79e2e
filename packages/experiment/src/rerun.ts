import { jobOf } from "@slipway/core";
import type { Experiment, ExperimentRecord, Job, JobArray } from "@slipway/core";

import { ExperimentError } from "./error.ts";
import type { NamedJobStatus } from "./status.ts";

export interface RerunOptions {
  readonly record: ExperimentRecord;
  /** Only what has not succeeded is run again; needs of what has are met. All jobs when absent. */
  readonly failedOf?: readonly NamedJobStatus[] | undefined;
}

/**
 * The jobs of an experiment, to be run again with their graph. Of an array whose elements nobody else corresponds to only the elements that have
 * not succeeded are run; a chain is run again whole. Throws EXPERIMENT_INVALID when there is nothing to run.
 */
export function planRerun({ record, failedOf }: RerunOptions): Experiment {
  const jobs = record.jobs.map(jobOf);
  if (!failedOf) return { name: record.name, jobs };
  const statuses = new Map(failedOf.map((status) => [status.name, status]));
  const succeeded = (name: string) => statuses.get(name)?.state === "succeeded";
  const chainOf = ({ name, runDirOf }: Job) => runDirOf ?? name;
  const chains = new Set(jobs.filter(({ name }) => !succeeded(name)).map(chainOf));
  const corresponding = new Set(
    jobs.flatMap(({ name, needs }) =>
      needs.flatMap((need) => (need.type === "corresponding" && need.experiment === undefined ? [name, need.job] : [])),
    ),
  );
  const wanted = jobs.filter((job) => chains.has(chainOf(job)));
  if (wanted.length === 0) {
    throw new ExperimentError("EXPERIMENT_INVALID", `All jobs of ${record.id} have succeeded`, {
      hint: "Leave --failed out to run them all again",
    });
  }
  const names = new Set(wanted.map(({ name }) => name));
  return {
    name: record.name,
    jobs: wanted.map((job) => {
      const needs = job.needs.filter((need) => need.experiment !== undefined || names.has(need.job));
      const array =
        job.array && !corresponding.has(job.name) ? failedElements(job.array, statuses.get(job.name)) : job.array;
      return { ...job, needs, ...(array && { array }) };
    }),
  };
}

function failedElements(array: JobArray, status: NamedJobStatus | undefined): JobArray {
  const done = new Set(
    status?.members?.flatMap(({ state, arrayIndex }) => (state === "succeeded" ? (arrayIndex ?? []) : [])),
  );
  const indices = array.indices.filter((index) => !done.has(index));
  return indices.length === 0 ? array : { ...array, indices };
}
