import type { Executor, ExperimentRecord, FoundExperiment } from "@slipway/core";

import { mergeFound } from "./merge.ts";
import type { RecordStore } from "./records.ts";
import { findUnfinished } from "./submission.ts";

export interface SyncOptions {
  readonly executor: Executor;
  readonly records: RecordStore;
  /** What the executor's cluster is called here, and its file, absolute. */
  readonly cluster: string;
  readonly clusterFile?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Ids of experiments, each list in the order of their names. */
export interface SyncResult {
  /** Were not known here. */
  readonly added: readonly string[];
  /** Were known here, and are now known better. */
  readonly completed: readonly string[];
  readonly unchanged: readonly string[];
  /** Left as they are, and why. */
  readonly skipped: readonly { readonly experiment: string; readonly why: string }[];
}

/** Rebuilds the records here from those on the execution host. What is known here and is newer stays. Without records there nothing is done. */
export async function syncRecords(options: SyncOptions): Promise<SyncResult> {
  const { executor, records, cluster, clusterFile, signal } = options;
  const found = (await executor.findExperiments?.({ signal })) ?? [];
  const known = await records.list();
  const plan = planSync(found, known.records, { cluster, clusterFile });
  const unfinished = await findUnfinished(
    [...plan.add, ...plan.merge].filter(({ phase }) => phase === "submitted"),
    { executor, signal },
  );
  const settle = (record: ExperimentRecord): ExperimentRecord =>
    unfinished.has(record.id) ? { ...record, phase: "planned" } : record;
  const skipped = [...plan.skipped];
  for (const record of plan.add) {
    signal?.throwIfAborted();
    if (!(await records.claim(record.id))) {
      skipped.push({ experiment: record.id, why: "its folder here has no record that can be read" });
      continue;
    }
    await records.write(settle(record));
    await records.giveUp(record.id);
  }
  for (const { id } of plan.merge) {
    signal?.throwIfAborted();
    const there = found.find(({ record }) => record.id === id);
    if (there) await records.update(id, (record) => settle(mergeFound(record, there)), { signal });
  }
  const without = new Set(skipped.map(({ experiment }) => experiment));
  return {
    added: plan.add.map(({ id }) => id).filter((id) => !without.has(id)),
    completed: plan.merge.map(({ id }) => id),
    unchanged: plan.unchanged,
    skipped,
  };
}

interface SyncPlan {
  readonly add: readonly ExperimentRecord[];
  /** As they will be. */
  readonly merge: readonly ExperimentRecord[];
  readonly unchanged: readonly string[];
  readonly skipped: SyncResult["skipped"];
}

/** What has to be written here, of what was found there. Pure. */
function planSync(
  found: readonly FoundExperiment[],
  known: readonly ExperimentRecord[],
  { cluster, clusterFile }: Pick<SyncOptions, "cluster" | "clusterFile">,
): SyncPlan {
  const here = new Map(known.map((record) => [record.id, record]));
  const add: ExperimentRecord[] = [];
  const merge: ExperimentRecord[] = [];
  const unchanged: string[] = [];
  const skipped: { experiment: string; why: string }[] = [];
  for (const there of found) {
    const { id, createdAt } = there.record;
    const own = here.get(id);
    if (!own) add.push(placeHere(mergeFound(there.record, there), { cluster, clusterFile }));
    else if (own.createdAt !== createdAt)
      skipped.push({ experiment: id, why: `another experiment of this id is known here, on ${own.cluster}` });
    else {
      const merged = mergeFound(own, there);
      if (merged === own) unchanged.push(id);
      else merge.push(merged);
    }
  }
  return { add, merge, unchanged, skipped };
}

/** On this machine the cluster may have another name and another file than where the record was written. */
function placeHere(
  { clusterFile: _there, ...record }: ExperimentRecord,
  { cluster, clusterFile }: Pick<SyncOptions, "cluster" | "clusterFile">,
): ExperimentRecord {
  return { ...record, cluster, ...(clusterFile !== undefined && { clusterFile }) };
}
