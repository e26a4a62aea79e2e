import type { Executor, ExperimentRecord, RecordedJob } from "@slipway/core";

import { openExecutor, readRecords } from "./compose.ts";
import type { Context } from "./context.ts";
import { adoptForUser } from "./sync/adopt.ts";

/** What `EXP` or `EXP/JOB` on the command line stands for, with the executor that knows it. */
export interface Target extends AsyncDisposable {
  readonly record: ExperimentRecord;
  readonly jobs: readonly RecordedJob[];
  readonly executor: Executor;
}

export async function openTarget(words: string, context: Context): Promise<Target> {
  const { findExperiment } = await import("@slipway/experiment");
  const found = findExperiment(words, await readRecords(context));
  const executor = await openExecutor(found.record, context);
  try {
    const [record = found.record] = await adoptForUser([found.record], executor, context);
    const jobs = record.jobs.filter(({ name }) => found.jobs.some((job) => job.name === name));
    return { record, jobs, executor, [Symbol.asyncDispose]: () => executor[Symbol.asyncDispose]() };
  } catch (error) {
    await executor[Symbol.asyncDispose]();
    throw error;
  }
}
