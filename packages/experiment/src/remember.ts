import { isFinalState } from "@slipway/core";
import type { Executor, ExperimentRecord, RecordedJob } from "@slipway/core";

import type { RecordStore } from "./records.ts";
import { pollExperiments } from "./status.ts";
import type { NamedJobStatus } from "./status.ts";

export interface RememberOptions {
  readonly experiments: readonly ExperimentRecord[];
  readonly records: RecordStore;
  /** Of all the experiments. */
  readonly executor: Executor;
  readonly signal?: AbortSignal | undefined;
}

/** Keeps how experiments' jobs ended in their records, before what tells it is removed. Jobs without an end are left as they are. */
export async function rememberEnds({ experiments, records, executor, signal }: RememberOptions): Promise<void> {
  for (const { experiment, jobs } of await pollExperiments({ records: experiments, executor, signal })) {
    const ends = new Map(jobs.filter(({ state }) => isFinalState(state)).map((job) => [job.name, job]));
    if (ends.size === 0) continue;
    const change = (record: ExperimentRecord) => ({
      ...record,
      jobs: record.jobs.map((job) => withEnd(job, ends.get(job.name))),
    });
    await records.update(experiment, change, { signal });
  }
}

function withEnd(job: RecordedJob, end: NamedJobStatus | undefined): RecordedJob {
  if (!end) return job;
  const { name: _, ...lastStatus } = end;
  return { ...job, lastStatus };
}
