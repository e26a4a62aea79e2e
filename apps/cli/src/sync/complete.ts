import type { ExperimentRecord } from "@slipway/core";

import { openExecutor, openRecords, readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { readSecrets } from "../run/experiment.ts";

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
  return { record: await completeSubmission({ record, records, executor, secrets, signal }), missing };
}
