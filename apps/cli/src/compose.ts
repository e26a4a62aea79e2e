import { existsSync } from "node:fs";
import path from "node:path";

import type { Executor, ExperimentRecord, Transport } from "@slipway/core";
import type { RecordStore } from "@slipway/experiment";

import type { Context } from "./context.ts";
import { userHome } from "./user-home.ts";

/** `$SLIPWAY_HOME`, or `~/.slipway`; absolute. */
export function homeDirectory({ env, cwd }: Pick<Context, "env" | "cwd">): string {
  const set = env["SLIPWAY_HOME"];
  if (set !== undefined && set !== "") return path.resolve(cwd, set);
  return path.join(userHome({ env }), ".slipway");
}

/** The user's folder for what can be made again: `$XDG_CACHE_HOME/slipway`, or `~/.cache/slipway`; absolute. */
export function cacheDirectory({ env, cwd }: Pick<Context, "env" | "cwd">): string {
  const set = env["XDG_CACHE_HOME"];
  if (set !== undefined && path.isAbsolute(set)) return path.join(set, "slipway");
  return path.resolve(cwd, userHome({ env }), ".cache", "slipway");
}

export async function openRecords(context: Context): Promise<RecordStore> {
  const { createRecordStore } = await import("@slipway/experiment");
  return createRecordStore({ home: homeDirectory(context) });
}

/** All records; those that cannot be read are told on stderr. */
export async function readRecords(context: Context): Promise<readonly ExperimentRecord[]> {
  const { stripControlCharacters } = await import("@slipway/core");
  const { records, unreadable } = await (await openRecords(context)).list();
  for (const { why } of unreadable)
    context.stderr.write(`slipway: passed over a record: ${stripControlCharacters(why)}\n`);
  return records;
}

/** The executor that knows an experiment's jobs. Whoever asks disposes it. A cluster's connection is told too; it stays the executor's. */
export async function openExecutor(
  { cluster, clusterFile }: ClusterReference,
  context: Context,
  onTransport?: (transport: Transport) => void,
): Promise<Executor> {
  if (cluster === "local" && clusterFile === undefined) {
    const { createLocalExecutor } = await import("@slipway/executor-local");
    return createLocalExecutor({
      home: homeDirectory(context),
      env: context.env,
      cacheDirectory: path.join(cacheDirectory(context), "local", "manifests"),
    });
  }
  const { findClusterConfig, openClusterExecutor } = await import("./cluster/open.ts");
  const file = clusterFile !== undefined && existsSync(clusterFile) ? clusterFile : undefined;
  return openClusterExecutor(await findClusterConfig(file ?? cluster, context), context, { onTransport });
}

type ClusterReference = Pick<ExperimentRecord, "cluster" | "clusterFile">;

/** Records by cluster, so that each executor is asked once. */
export function groupByCluster(records: readonly ExperimentRecord[]): readonly (readonly ExperimentRecord[])[] {
  const groups = new Map<string, ExperimentRecord[]>();
  for (const record of records) {
    const key = `${record.cluster}\0${record.clusterFile ?? ""}`;
    const group = groups.get(key);
    if (group) group.push(record);
    else groups.set(key, [record]);
  }
  return [...groups.values()];
}
