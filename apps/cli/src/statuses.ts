import type { ExperimentRecord } from "@slipway/core";
import type { ExperimentStatus } from "@slipway/experiment";

import { groupByCluster, openExecutor } from "./compose.ts";
import type { Context } from "./context.ts";

/** The statuses of many experiments, each cluster asked once, in the records' order. */
export async function pollAll(
  records: readonly ExperimentRecord[],
  context: Context,
): Promise<readonly ExperimentStatus[]> {
  const { pollExperiments } = await import("@slipway/experiment");
  const byId = new Map<string, ExperimentStatus>();
  for (const [cluster, group] of groupByCluster(records)) {
    await using executor = await openExecutor(cluster, context);
    const statuses = await pollExperiments({ records: group, executor, signal: context.signal });
    for (const status of statuses) byId.set(status.experiment, status);
  }
  return records.flatMap(({ id }) => byId.get(id) ?? []);
}
