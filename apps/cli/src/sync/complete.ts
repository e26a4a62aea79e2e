import { isSlipwayError } from "@slipway/core";
import type { Executor, ExperimentRecord, StagedCode } from "@slipway/core";

import { openExecutor, openRecords, readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { readSecrets } from "../run/environment.ts";

export interface Completed {
  readonly record: ExperimentRecord;
  /** The jobs that were missing; none when all had been submitted. */
  readonly missing: readonly string[];
}

/** Submits what is missing of a submission that was cut off, under the tokens that it had. */
export async function completeForUser(words: string, context: Context): Promise<Completed> {
  const { adoptSubmissions, completeSubmission, findExperiment } = await import("@slipway/experiment");
  const { signal } = context;
  const { record: known } = findExperiment(words, await readRecords(context));
  const records = await openRecords(context);
  await using executor = await openExecutor(known, context);
  const [submission] = await adoptSubmissions([known], { records, executor, signal });
  if (!submission || submission.progress === "submitted") return { record: submission?.record ?? known, missing: [] };
  const { record, progress, missing } = submission;
  if (progress === "under_way") {
    throw new CliError("CLI_USAGE", `${record.id} is being submitted by another slipway`, {
      hint: `See how far it is: slipway status ${record.id}`,
    });
  }
  const names = record.jobs.map((job) => [job.name, job.secrets] as const);
  const secrets = readSecrets({ secrets: Object.fromEntries(names) }, context);
  const completed = await withCode({ record, executor }, context, (code) =>
    completeSubmission({ record, records, executor, secrets, code, signal }),
  );
  return { record: completed, missing };
}

/**
 * Takes back an experiment whose submission was cut off: nothing of it begins any more, and what has begun is asked to end. Undefined, and
 * nothing is done, for any other experiment, and for one job of several.
 */
export async function takeBackForUser(words: string, context: Context): Promise<ExperimentRecord | undefined> {
  const { adoptSubmissions, findExperiment, takeBackSubmission } = await import("@slipway/experiment");
  const { signal } = context;
  const { record: known, jobs } = findExperiment(words, await readRecords(context));
  if (known.phase !== "planned" || jobs.length !== known.jobs.length) return undefined;
  const records = await openRecords(context);
  await using executor = await openExecutor(known, context);
  const [submission] = await adoptSubmissions([known], { records, executor, signal });
  if (submission?.progress !== "cut_off") return undefined;
  const { record } = submission;
  return await withCode({ record, executor }, context, (code) =>
    takeBackSubmission({ record, records, executor, code, signal }),
  );
}

interface Place {
  readonly record: ExperimentRecord;
  readonly executor: Executor;
}

/** A cleaner may have taken the code away meanwhile: then it is brought back from where it still is. */
async function withCode(
  { record, executor }: Place,
  context: Context,
  work: (code?: StagedCode) => Promise<ExperimentRecord>,
): Promise<ExperimentRecord> {
  try {
    return await work();
  } catch (error) {
    if (!isSlipwayError(error) || error.code !== "EXECUTOR_CODE_GONE") throw error;
    const { reuseRecordedCode } = await import("../code/reuse.ts");
    await using reused = await reuseRecordedCode(record, context);
    return await work(await executor.stage(reused.bundle, { signal: context.signal }));
  }
}
