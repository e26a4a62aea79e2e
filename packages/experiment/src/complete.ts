import { jobOf } from "@slipway/core";
import type { Executor, ExperimentRecord, JobPlan, StagedCode } from "@slipway/core";

import { orderJobs } from "./graph.ts";
import { withJobRecord } from "./job-record.ts";
import { describeCode } from "./plan.ts";
import type { RecordStore } from "./records.ts";
import { jobHandles } from "./status.ts";
import { withHandles } from "./submit.ts";

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
  const { record, records, executor, signal } = options;
  const handles = await executor.submit(planRecorded(options), { signal, record });
  return records.update(record.id, (now) => withHandles(now, handles));
}

/** Sees to it that no job of a submission that was cut off begins any more, and asks for the end of those that have. Secrets are not needed. */
export async function takeBackSubmission(options: Omit<CompleteOptions, "secrets">): Promise<ExperimentRecord> {
  const { record, records, executor, signal } = options;
  const handles = (await executor.takeBack?.(planRecorded(options), { signal })) ?? jobHandles(record.jobs);
  await executor.cancel(handles, { signal });
  return records.update(record.id, (now) => withHandles(now, handles));
}

function planRecorded({ record, executor, secrets = {}, code }: CompleteOptions): readonly JobPlan[] {
  const { digest, directory } = record.code;
  const comments = describeCode(record.code);
  const tries = new Map(record.jobs.map(({ name, token }) => [name, tryOf(token)]));
  return orderJobs({ name: record.name, jobs: record.jobs.map(jobOf) }).map((job) => {
    const plan = executor.plan(job, {
      experiment: record.id,
      code: code ?? { digest, directory, uploadedBytes: 0 },
      secrets: secrets[job.name] ?? {},
      comments,
      tryNumber: tries.get(job.name) ?? 1,
    });
    return withJobRecord(plan, record);
  });
}

/** `<experiment>.<job>.<try>` */
function tryOf(token: string): number {
  return Number(token.slice(token.lastIndexOf(".") + 1)) || 1;
}
