import type { Executor, ExperimentRecord, Job, RecordedJob, StagedCode } from "@slipway/core";

import { orderJobs } from "./graph.ts";
import type { RecordStore } from "./records.ts";
import { describeCode, withHandles } from "./submit.ts";

export interface CompleteOptions {
  readonly record: ExperimentRecord;
  readonly records: RecordStore;
  readonly executor: Executor;
  /** Where the recorded code lies now, when the executor staged it again; where the record says when absent. */
  readonly code?: StagedCode | undefined;
  /** By job, then by variable; of all names that the record lists. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Submits again, under the same tokens, what a submission that was cut off has planned: what the executor owns already is not submitted
 * twice, and what it holds back begins.
 */
export async function completeSubmission(options: CompleteOptions): Promise<ExperimentRecord> {
  const { record, records, executor, secrets = {}, signal } = options;
  const { digest, directory } = record.code;
  const code = options.code ?? { digest, directory, uploadedBytes: 0 };
  const jobs = record.jobs.map(toJob);
  const comments = describeCode(record.code);
  const tries = new Map(record.jobs.map(({ name, token }) => [name, tryOf(token)]));
  const plans = orderJobs({ name: record.name, jobs }).map((job) =>
    executor.plan(job, {
      experiment: record.id,
      code,
      secrets: secrets[job.name] ?? {},
      comments,
      tryNumber: tries.get(job.name) ?? 1,
    }),
  );
  const handles = await executor.submit(plans, { signal, record });
  return records.update(record.id, (now) => withHandles(now, handles));
}

function toJob({ secrets: _names, token: _token, handle: _handle, earlierTries: _tries, ...job }: RecordedJob): Job {
  return job;
}

/** `<experiment>.<job>.<try>` */
function tryOf(token: string): number {
  return Number(token.slice(token.lastIndexOf(".") + 1)) || 1;
}
