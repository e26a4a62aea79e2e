import type { Executor, ExperimentRecord } from "@slipway/core";
import type { Submission } from "@slipway/experiment";

import { openRecords } from "../compose.ts";
import type { Context } from "../context.ts";

/**
 * Finds what became of submissions that were cut off, records it, and tells what is still missing. Costs nothing where there are none.
 * The jobs that were given, which may be some of a record's, as they are now.
 */
export async function adoptForUser(
  records: readonly ExperimentRecord[],
  executor: Executor,
  context: Context,
): Promise<readonly ExperimentRecord[]> {
  if (records.every(({ phase }) => phase !== "planned")) return records;
  const { adoptSubmissions } = await import("@slipway/experiment");
  const { signal } = context;
  const submissions = await adoptSubmissions(records, { records: await openRecords(context), executor, signal });
  for (const submission of submissions) context.stderr.write(describeSubmission(submission));
  return submissions.map(({ record }, index) => {
    const asked = records[index]?.jobs ?? [];
    return { ...record, jobs: record.jobs.filter(({ name }) => asked.some((job) => job.name === name)) };
  });
}

function describeSubmission({ record: { id, jobs, cluster }, progress, missing }: Submission): string {
  if (progress === "submitted") return "";
  if (progress === "under_way") return `note: ${id} is being submitted by another slipway\n`;
  const those = missing.length === jobs.length ? "none of its jobs has" : `these jobs have not: ${missing.join(", ")}`;
  return [
    `note: the submission of ${id} to ${cluster} was cut off; ${those} been let go there\n`,
    `  complete it: slipway sync --complete ${id}   take it back: slipway cancel ${id}\n`,
  ].join("");
}
