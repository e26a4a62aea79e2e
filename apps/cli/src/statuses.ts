import { isSlipwayError } from "@slipway/core";
import type { ExperimentRecord, Transport } from "@slipway/core";
import type { ExperimentStatus } from "@slipway/experiment";

import { groupByCluster, openExecutor } from "./compose.ts";
import type { Context } from "./context.ts";
import { renderError } from "./report/errors.ts";
import { adoptForUser } from "./sync/adopt.ts";

/** The statuses of many experiments, each cluster asked once, in the records' order. A cluster that cannot be asked leaves its own unknown. */
export async function pollAll(
  records: readonly ExperimentRecord[],
  context: Context,
  look?: LookOn,
): Promise<readonly ExperimentStatus[]> {
  const groups = groupByCluster(records);
  const answers = await Promise.all(groups.map((group) => pollCluster(group, context, look)));
  const byId = new Map(answers.flat().map((status) => [status.experiment, status]));
  return records.flatMap(({ id }) => byId.get(id) ?? []);
}

/** What else is asked of a cluster, over the same connection; with the records as they are known after the statuses. */
export type LookOn = (transport: Transport, records: readonly ExperimentRecord[]) => Promise<void>;

async function pollCluster(
  records: readonly ExperimentRecord[],
  context: Context,
  look: LookOn | undefined,
): Promise<readonly ExperimentStatus[]> {
  const [first] = records;
  if (!first) return [];
  try {
    const { pollExperiments } = await import("@slipway/experiment");
    let transport: Transport | undefined;
    await using executor = await openExecutor(first, context, (opened) => (transport = opened));
    const adopted = await adoptForUser(records, executor, context);
    const statuses = await pollExperiments({ records: adopted, executor, signal: context.signal });
    if (look) await lookOn(look, adopted, transport, context);
    return statuses;
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    context.stderr.write(`${first.cluster} could not be asked\n${renderError(error, { verbose: false })}`);
    return records.map(unreachable);
  }
}

async function lookOn(
  look: LookOn,
  records: readonly ExperimentRecord[],
  transport: Transport | undefined,
  { env }: Context,
): Promise<void> {
  if (transport) return look(transport, records);
  const { openLocalTransport } = await import("@slipway/transport-local");
  await using local = openLocalTransport({ env });
  await look(local, records);
}

function unreachable({ id, name, cluster, jobs }: ExperimentRecord): ExperimentStatus {
  const state = "unknown";
  const statuses = jobs.map(
    (job) => ({ name: job.name, state, reason: "unreachable", attempt: 1, evidence: [] }) as const,
  );
  return { experiment: id, name, cluster, state, jobs: statuses };
}
