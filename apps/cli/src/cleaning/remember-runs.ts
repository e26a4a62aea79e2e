import type { CleaningPlan } from "@slipway/cleaner";

import { openExecutor, openRecords, readRecords } from "../compose.ts";
import type { Context } from "../context.ts";

/** How the jobs ended whose run directories are to go is kept in their records: nothing else tells it afterwards. */
export async function rememberRuns({ remove }: Pick<CleaningPlan, "remove">, context: Context): Promise<void> {
  const runs = new Set(remove.flatMap(({ kind, path }) => (kind === "run" ? path.split("/").slice(-2, -1) : [])));
  if (runs.size === 0) return;
  const { rememberEnds } = await import("@slipway/experiment");
  const records = await openRecords(context);
  for (const record of await readRecords(context)) {
    if (!runs.has(record.id)) continue;
    await using executor = await openExecutor(record, context);
    await rememberEnds({ record, records, executor, signal: context.signal });
  }
}
