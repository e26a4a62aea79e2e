import { isSlipwayError } from "@slipway/core";
import type { SyncResult } from "@slipway/experiment";

import { findClusterConfig, openClusterExecutor } from "../cluster/open.ts";
import { homeDirectory, openRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { repositoryTop } from "../project.ts";
import { errorDocument, renderError } from "../report/errors.ts";

/** What became of one cluster; its keys are API. */
export interface ClusterSync extends Partial<SyncResult> {
  readonly cluster: string;
  /** As every error of `--json`, where the cluster could not be asked. */
  readonly error?: unknown;
}

/** One cluster, whose failure is the command's, or all that are known here, of which each may fail on its own. */
export async function syncClusters(cluster: string | undefined, context: Context): Promise<readonly ClusterSync[]> {
  if (cluster !== undefined) return [await syncCluster(cluster, context)];
  const results: ClusterSync[] = [];
  for (const name of await clusterNames(context)) results.push(await syncOrTell(name, context));
  return results;
}

async function clusterNames(context: Context): Promise<readonly string[]> {
  const { listClusterNames } = await import("@slipway/config/light");
  const { cwd, env, signal } = context;
  const names = await listClusterNames({ cwd, root: repositoryTop(cwd), home: homeDirectory(context), env, signal });
  return names.filter((name) => name !== "local");
}

async function syncOrTell(name: string, context: Context): Promise<ClusterSync> {
  try {
    return await syncCluster(name, context);
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    context.stderr.write(`${name} could not be asked\n${renderError(error, { verbose: false })}`);
    return { cluster: name, ...errorDocument(error) };
  }
}

async function syncCluster(name: string, context: Context): Promise<ClusterSync> {
  const { stripControlCharacters } = await import("@slipway/core");
  const { syncRecords } = await import("@slipway/experiment");
  const config = await findClusterConfig(name, context);
  const unreadable: { experiment: string; why: string }[] = [];
  const onUnreadableRecord = (experiment: string, why: string) => unreadable.push({ experiment, why });
  await using executor = await openClusterExecutor(config, context, { connectsNow: true, onUnreadableRecord });
  const result = await syncRecords({
    executor,
    records: await openRecords(context),
    cluster: config.name,
    clusterFile: config.file,
    signal: context.signal,
  });
  const skipped = [...result.skipped, ...unreadable];
  for (const { experiment, why } of skipped)
    context.stderr.write(stripControlCharacters(`passed over ${experiment}: ${why}`) + "\n");
  return { cluster: config.name, ...result, skipped };
}

export function renderSync({ cluster, added = [], completed = [], unchanged = [], error }: ClusterSync): string {
  if (error !== undefined) return "";
  const lines = [
    ...added.map((id) => `  added      ${id}\n`),
    ...completed.map((id) => `  completed  ${id}\n`),
    `${cluster}: ${added.length} added, ${completed.length} completed, ${unchanged.length} known already\n`,
  ];
  return lines.join("");
}
