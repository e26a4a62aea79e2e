import { isFinalState } from "@slipway/core";
import type { Executor, ExperimentRecord, RecordedJob } from "@slipway/core";

import type { RecordStore } from "./records.ts";
import { pollExperiments } from "./status.ts";
import type { NamedJobStatus } from "./status.ts";

export interface RememberOptions {
  readonly record: ExperimentRecord;
  readonly records: RecordStore;
  readonly executor: Executor;
  readonly signal?: AbortSignal | undefined;
}

/** Keeps how an experiment's jobs ended in its record, before what tells it is removed. Jobs without an end are left as they are. */
export async function rememberEnds({ record, records, executor, signal }: RememberOptions): Promise<void> {
  const [status] = await pollExperiments({ records: [record], executor, signal });
  const ends = new Map(status?.jobs.filter(({ state }) => isFinalState(state)).map((job) => [job.name, job]));
  if (ends.size === 0) return;
  await records.update(record.id, (before) => ({
    ...before,
    jobs: before.jobs.map((job) => withEnd(job, ends.get(job.name))),
  }));
}

function withEnd(job: RecordedJob, end: NamedJobStatus | undefined): RecordedJob {
  if (!end) return job;
  const { name: _, ...lastStatus } = end;
  return { ...job, lastStatus };
}
