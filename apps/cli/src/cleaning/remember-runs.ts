import type { CleaningPlan } from "@slipway/cleaner";

import { groupByCluster, openExecutor, openRecords, readRecords } from "../compose.ts";
import type { Context } from "../context.ts";

/** How the jobs ended whose run directories are to go is kept in their records: nothing else tells it afterwards. */
export async function rememberRuns({ remove }: Pick<CleaningPlan, "remove">, context: Context): Promise<void> {
  const runs = new Set(remove.flatMap(({ kind, path }) => (kind === "run" ? path.split("/").slice(-2, -1) : [])));
  if (runs.size === 0) return;
  const { rememberEnds } = await import("@slipway/experiment");
  const records = await openRecords(context);
  const known = (await readRecords(context)).filter(({ id }) => runs.has(id));
  for (const experiments of groupByCluster(known)) {
    const [first] = experiments;
    if (!first) continue;
    await using executor = await openExecutor(first, context);
    await rememberEnds({ experiments, records, executor, signal: context.signal });
  }
}
