import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Job, JobHandle } from "@slipway/core";
import { temporaryDirectory } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { summary } from "./summary.ts";
import { openToldCluster } from "./told-slurm.ts";
import type { ToldCluster, ToldSlurm } from "./told-slurm.ts";

// States and cancelling as people know them from other tools, without the defects of those, on tools that print what they are told.

const at = "2026-11-22T15:37:48";

function handleOf(folder: string, id = "alpha.7"): JobHandle {
  return { id, experiment: "e", job: "j", runDir: path.join(folder, "job/runs/e/j") };
}

/** `squeue -o %A|%i|%T|…` as slipway asks for it. */
function queued(state: string, { shown = "7", reason = "None", host = "n1" } = {}): string {
  return `7|${shown}|${state}|${at}|${host === "n/a" ? "N/A" : at}|N/A|${host}|${reason}|e.j.1|e.j.1`;
}

function accounted(state: string, { shown = "7", exit = "0:0", submitted = at } = {}): string {
  return `7|${shown}|${state}|${exit}|0:0|${submitted}|${submitted}|${submitted}|n1|e.j.1-e.j.1`;
}

/** What the job's directory holds from its submission on. */
async function writeRunDirectory({ executor }: ToldCluster, { runDir }: JobHandle, changes: Partial<Job> = {}) {
  const plain: Job = { name: "j", command: { kind: "argv", argv: ["x"] }, resources: {}, env: {}, needs: [] };
  const code = { digest: `sha256:${"0".repeat(64)}`, directory: "/code", uploadedBytes: 0 } as const;
  const context = { experiment: "e", code, secrets: {}, comments: [], tryNumber: 1 };
  await mkdir(runDir, { recursive: true });
  for (const { path: name, content } of executor.plan({ ...plain, ...changes }, context).files)
    await writeFile(path.join(runDir, name), content);
}

async function statusOf({ job, ...told }: ToldJob) {
  await using folder = await temporaryDirectory();
  await using cluster = await openToldCluster(told, { folder: folder.path });
  const handle = handleOf(folder.path);
  if (job) await writeRunDirectory(cluster, handle, job);
  return summary((await cluster.executor.poll([handle])).get(handle.id));
}

interface ToldJob extends ToldSlurm {
  /** Absent: its run directory is gone. */
  readonly job?: Partial<Job>;
}

const part = (name: string, gpusPerNode: number) => ({
  name,
  command: { kind: "argv", argv: [name] } as const,
  resources: { gpusPerNode },
  env: {},
});
const array = { array: { indices: [0, 1, 2] } };
const group = { group: [part("server", 8), part("client", 0)] };
const forgotten = { state: "unknown", reason: "forgotten", attempt: 1 } as const;

describe("a job's state", () => {
  test.each<[string, ToldJob, ReturnType<typeof summary>]>([
    ["is not made up for a job that nobody knows", {}, undefined],
    ["is unknown where only its directory is left", { job: {} }, forgotten],
    ["is not that of another job", { job: {}, sacct: [accounted("COMPLETED", { shown: "8" })] }, forgotten],
    [
      "is not read in what is no answer",
      { job: {}, sacct: ["JobID|State", "------"], squeue: ["Welcome to alpha!"] },
      { state: "unknown", reason: "scheduler_silent", attempt: 1 },
    ],
    [
      "is accounting's, where the queue has forgotten it",
      { job: {}, sacct: [accounted("COMPLETED")] },
      { state: "succeeded", exitCode: 0, attempt: 1 },
    ],
    [
      "is the queue's, where accounting is late",
      { job: {}, squeue: [queued("PENDING", { host: "n/a", reason: "Priority" })] },
      { state: "queued", reason: "Priority", attempt: 1 },
    ],
    [
      "is cancelled, whoever cancelled it",
      { job: {}, sacct: [accounted("CANCELLED by 0")] },
      { state: "cancelled", attempt: 1 },
    ],
    [
      "is that of its last start",
      {
        job: {},
        sacct: [
          accounted("REQUEUED", { submitted: "2026-11-22T15:00:00" }),
          accounted("NODE_FAIL", { submitted: "2026-11-22T15:10:00" }),
          accounted("FAILED", { exit: "3:0" }),
        ],
      },
      { state: "failed", exitCode: 3, attempt: 3 },
    ],
    [
      "of an array has failed, when one element has and all are over",
      {
        job: array,
        sacct: [
          accounted("COMPLETED", { shown: "7_0" }),
          accounted("FAILED", { shown: "7_1", exit: "4:0" }),
          accounted("COMPLETED", { shown: "7_2" }),
        ],
      },
      { state: "failed", exitCode: 4, attempt: 1 },
    ],
    [
      "of an array is running, while one element waits and another has begun",
      {
        job: array,
        squeue: [
          queued("PENDING", { shown: "7_[2]", host: "n/a", reason: "JobArrayTaskLimit" }),
          queued("COMPLETED", { shown: "7_0" }),
          queued("FAILED", { shown: "7_1" }),
        ],
      },
      { state: "running", reason: "JobArrayTaskLimit", attempt: 1 },
    ],
    [
      "of a heterogeneous job has failed, whichever component has",
      {
        job: group,
        sacct: [accounted("FAILED", { shown: "7+0", exit: "2:0" }), accounted("COMPLETED", { shown: "7+1" })],
      },
      { state: "failed", exitCode: 2, attempt: 1 },
    ],
    [
      "is unknown for a word that nobody knows",
      { job: {}, squeue: [queued("LAUNCH_FAILED")] },
      { state: "unknown", reason: "unknown_state", attempt: 1 },
    ],
  ])("%s", async (_, told, expected) => {
    expect(await statusOf(told)).toEqual(expected);
  });

  test("that everybody has forgotten is unknown, with what was last known of it and when", async () => {
    await using folder = await temporaryDirectory();
    await using cluster = await openToldCluster({}, { folder: folder.path });
    const handle = handleOf(folder.path);
    await writeRunDirectory(cluster, handle);
    await writeFile(path.join(handle.runDir, "attempt-1.start"), `version=1\nattempt=1\nat=${at}Z\nend=1\n`);
    const status = (await cluster.executor.poll([handle])).get(handle.id);
    expect(summary(status)).toEqual(forgotten);
    expect(status?.startedAt).toBe(`${at}Z`);
    expect(status?.evidence.map(({ source, value }) => `${source}: ${value}`)).toEqual([
      "attempt-1.start: started",
      "squeue: not listed",
      "sacct: no record",
    ]);
  });
});

describe("cancelling", () => {
  async function cancel(told: ToldSlurm, ids: readonly string[]) {
    await using folder = await temporaryDirectory();
    await using cluster = await openToldCluster(told, { folder: folder.path });
    await cluster.executor.submit([]); // It knows the cluster's name from then on.
    await cluster.executor.cancel(ids.map((id) => handleOf(folder.path, id)));
    return readFile(cluster.cancelled, "utf8").catch(() => "");
  }

  test("asks Slurm, although neither queue nor accounting know the job yet", async () => {
    expect(await cancel({}, ["alpha.7"])).toBe("7\n");
  });

  test("of several jobs is one command, and of another cluster's job with the same number none", async () => {
    expect(await cancel({}, ["alpha.7", "beta.7", "alpha.8"])).toBe("7 8\n");
    expect(await cancel({}, ["beta.7"])).toBe("");
  });

  test.each([
    "scancel: error: Invalid job id 7",
    "scancel: error: Kill job error on job id 7: Invalid job id specified",
  ])("of a job that is gone is done: %s", async (scancelSays) => {
    expect(await cancel({ scancelSays }, ["alpha.7"])).toBe("7\n");
  });

  test("that Slurm does not take is an error", async () => {
    const scancelSays = "scancel: error: Unable to contact slurm controller (connect failure)";
    await expect(cancel({ scancelSays }, ["alpha.7"])).rejects.toMatchObject({ code: "EXECUTOR_SLURM_UNREACHABLE" });
  });
});

test("two clusters behind one name of a host, with one job_dir each, share nothing of what Slurm said", async () => {
  await using folder = await temporaryDirectory();
  const shared = { jobDir: "/nowhere/slipway", cacheDirectory: path.join(folder.path, "cache") };
  const place = (name: string) => ({ folder: path.join(folder.path, name), name, ...shared });
  await using alpha = await openToldCluster({ clusterName: "alpha", squeue: [queued("RUNNING")] }, place("one"));
  const waiting = [queued("PENDING", { host: "n/a", reason: "Priority" })];
  await using beta = await openToldCluster({ clusterName: "beta", squeue: waiting }, place("two"));
  const onAlpha = handleOf("/nowhere", "alpha.7");
  const onBeta = handleOf("/nowhere", "beta.7");
  for (const { executor } of [alpha, beta]) await executor.submit([]);
  const polled = [await alpha.executor.poll([onAlpha]), await beta.executor.poll([onBeta])];
  expect(polled.map((statuses) => Array.from(statuses, ([id, { state }]) => `${id} ${state}`))).toEqual([
    ["alpha.7 running"],
    ["beta.7 queued"],
  ]);
});
