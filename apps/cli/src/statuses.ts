import { isSlipwayError } from "@slipway/core";
import type { ExperimentRecord } from "@slipway/core";
import type { ExperimentStatus } from "@slipway/experiment";

import { groupByCluster, openExecutor } from "./compose.ts";
import type { Context } from "./context.ts";
import { renderError } from "./report/errors.ts";
import { adoptForUser } from "./sync/adopt.ts";

/** The statuses of many experiments, each cluster asked once, in the records' order. A cluster that cannot be asked leaves its own unknown. */
export async function pollAll(
  records: readonly ExperimentRecord[],
  context: Context,
): Promise<readonly ExperimentStatus[]> {
  const groups = groupByCluster(records);
  const answers = await Promise.all(groups.map((group) => pollCluster(group, context)));
  const byId = new Map(answers.flat().map((status) => [status.experiment, status]));
  return records.flatMap(({ id }) => byId.get(id) ?? []);
}

async function pollCluster(
  records: readonly ExperimentRecord[],
  context: Context,
): Promise<readonly ExperimentStatus[]> {
  const [first] = records;
  if (!first) return [];
  try {
    const { pollExperiments } = await import("@slipway/experiment");
    await using executor = await openExecutor(first, context);
    const adopted = await adoptForUser(records, executor, context);
    return await pollExperiments({ records: adopted, executor, signal: context.signal });
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    context.stderr.write(`${first.cluster} could not be asked\n${renderError(error, { verbose: false })}`);
    return records.map(unreachable);
  }
}

function unreachable({ id, name, cluster, jobs }: ExperimentRecord): ExperimentStatus {
  const state = "unknown";
  const statuses = jobs.map(
    (job) => ({ name: job.name, state, reason: "unreachable", attempt: 1, evidence: [] }) as const,
  );
  return { experiment: id, name, cluster, state, jobs: statuses };
}
