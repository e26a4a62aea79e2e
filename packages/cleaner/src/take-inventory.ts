import type { Transport } from "@slipway/core";
import { parseContents } from "@slipway/store";

import { askHost, sectionOf } from "./host.ts";
import type { Section } from "./host.ts";
import type { Inventory, JobsSeen } from "./inventory.ts";
import { readJobs } from "./jobs-seen.ts";
import { inventoryScript, look } from "./scripts.ts";
import { readSpace } from "./space.ts";
import { readSurvey } from "./survey.ts";

/** Who knows whether a job can still start: slurmctld, or the processes of the host. */
export type SchedulerKind = "slurm" | "local";

export interface InventoryOptions {
  readonly transport: Transport;
  /** Absolute, on the transport's host: code lies in `<jobDir>/store`, jobs in `<jobDir>/runs`. */
  readonly jobDir: string;
  readonly scheduler: SchedulerKind;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at all there is, in one command, and walks no tree. The jobs are asked about after the leases were seen: only such an answer is
 * evidence. Rejects with CLEANER_UNSAFE_ROOT for `/` and a home directory, and with the store's errors.
 */
export async function takeInventory({ transport, jobDir, scheduler, signal }: InventoryOptions): Promise<Inventory> {
  const sections = await askHost(transport, inventoryScript(scheduler), [jobDir], { signal });
  const around = readSurroundings(sections);
  const { clusterName } = around;
  const empty = { instances: [], leftovers: [], runs: [], unfinishedRuns: [] };
  const base = { host: transport.host, jobDir, ...around };
  if (clusterName === undefined) return { ...base, ...empty, jobs: { kind: "silent", why: "there is no store" } };
  const contents = parseContents(sectionOf(sections, "CONTENTS")?.lines ?? [], jobDir);
  const survey = readSurvey(sectionOf(sections, "RUNS")?.lines ?? []);
  const jobs: JobsSeen =
    scheduler === "local" && clusterName !== "local"
      ? { kind: "silent", why: `the store is the cluster ${clusterName}'s, and only that knows its jobs` }
      : readJobs(sections, { clusterName, ...survey });
  const { runs, unfinishedRuns } = survey;
  return { ...base, ...contents, runs, unfinishedRuns, jobs };
}

export type Surroundings = Pick<Inventory, "clusterName" | "space" | "lastCleaned">;

/** One cheap command: whether there is a store, whose, when it was cleaned, and how full its file system is. */
export async function lookAround({
  transport,
  jobDir,
  signal,
}: Omit<InventoryOptions, "scheduler">): Promise<Surroundings> {
  return readSurroundings(await askHost(transport, look, [jobDir], { signal }));
}

function readSurroundings(sections: readonly Section[]): Surroundings {
  const layout = sectionOf(sections, "LAYOUT")?.rest ?? "";
  const clusterName = /"clusterName":"([A-Za-z0-9][A-Za-z0-9_-]{0,62})"/.exec(layout)?.[1];
  const lastCleaned = /^(\d{4}-\d\d-\d\d)\.jsonl$/.exec(sectionOf(sections, "LAST")?.rest ?? "")?.[1];
  return {
    ...(clusterName !== undefined && { clusterName }),
    ...(lastCleaned !== undefined && { lastCleaned }),
    space: readSpace(sections),
  };
}
