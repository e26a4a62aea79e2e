import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import type { ExperimentRecord } from "@slipway/core";
import { createSlurmExecutor } from "@slipway/executor-slurm";
import type { SlurmExecutorEvent } from "@slipway/executor-slurm";
import { sharedTestbed } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { openFixture } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";
import { isSupported } from "./testbed.ts";

describe.runIf(isSupported)("the record of an experiment", () => {
  test.concurrent("lies beside its jobs from before the first of them is submitted", async () => {
    await using fixture = await open();
    const plan = fixture.plan({ name: "train", sbatch: { begin: "now+1hour" } });
    const record = recordOf(fixture, ["train"]);
    const [handle] = await fixture.executor.submit([plan], { record });
    const file = path.join(fixture.jobDir, "runs", fixture.experiment, "experiment.json");
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual(record);
    expect(((await stat(file)).mode & 0o777).toString(8)).toBe("644");
    const found = await fixture.executor.findExperiments();
    const [job] = record.jobs;
    expect(found).toEqual([
      { record: { ...record, phase: "submitted", jobs: [{ ...job, handle }] }, handles: [handle] },
    ]);
    if (handle) await fixture.executor.cancel([handle]);
  });

  test.concurrent("tells of the jobs that were submitted, where others were not", async () => {
    await using fixture = await open();
    const record = recordOf(fixture, ["a", "b"]);
    const handles = await fixture.executor.submit([fixture.plan({ name: "a", sbatch: { begin: "now+1hour" } })], {
      record,
    });
    const [found] = await fixture.executor.findExperiments();
    const [a, b] = record.jobs;
    expect(found).toEqual({ record: { ...record, jobs: [{ ...a, handle: handles[0] }, b] }, handles });
    await fixture.executor.cancel(handles);
  });

  test.concurrent("is gone when none of its jobs was taken", async () => {
    await using fixture = await open();
    const plan = fixture.plan({ name: "train", resources: { partition: "nowhere" } });
    await expect(fixture.executor.submit([plan], { record: recordOf(fixture, ["train"]) })).rejects.toMatchObject({
      code: "EXECUTOR_SLURM_REFUSED",
    });
    expect(await readdir(path.join(fixture.jobDir, "runs"))).toEqual([]);
    expect(await fixture.executor.findExperiments()).toEqual([]);
  });

  test.concurrent("that is none is left out, and told", async () => {
    await using fixture = await open();
    const events: SlurmExecutorEvent[] = [];
    const { transport, jobDir } = fixture;
    const executor = createSlurmExecutor({
      transport,
      jobDir,
      cluster: { name: "testbed" },
      onEvent: (event) => events.push(event),
    });
    const texts = {
      cut: '{"version":1,',
      list: "[]",
      newer: JSON.stringify({ ...recordOf(fixture, []), id: "newer", version: 2 }),
      other: JSON.stringify({ ...recordOf(fixture, []), id: "elsewhere" }),
      right: JSON.stringify({ ...recordOf(fixture, []), id: "right" }),
    };
    for (const [name, text] of Object.entries(texts)) {
      await mkdir(path.join(jobDir, "runs", name), { recursive: true });
      await writeFile(path.join(jobDir, "runs", name, "experiment.json"), text);
    }
    expect((await executor.findExperiments()).map(({ record }) => record.id)).toEqual(["right"]);
    expect(events).toEqual([
      {
        type: "executor-slurm.unreadable_record",
        path: expect.stringContaining("runs/cut/"),
        why: expect.stringContaining("not JSON"),
      },
      {
        type: "executor-slurm.unreadable_record",
        path: expect.stringContaining("runs/list/"),
        why: "it is not a record of an experiment",
      },
      {
        type: "executor-slurm.unreadable_record",
        path: expect.stringContaining("runs/newer/"),
        why: "it is not a record of an experiment",
      },
      {
        type: "executor-slurm.unreadable_record",
        path: expect.stringContaining("runs/other/"),
        why: 'it is about "elsewhere"',
      },
    ]);
  });

  test.concurrent("of a job_dir that is not there are none", async () => {
    await using fixture = await open();
    await rm(fixture.jobDir, { recursive: true, force: true });
    expect(await fixture.executor.findExperiments()).toEqual([]);
  });
});

async function open(): Promise<Fixture> {
  return openFixture(await sharedTestbed());
}

function recordOf({ experiment, code, bundle }: Fixture, names: readonly string[]): ExperimentRecord {
  return {
    version: 1,
    id: experiment,
    name: "lr",
    cluster: "testbed",
    createdAt: "2026-01-02T03:04:05.000Z",
    phase: "planned",
    cwd: "/home/ada/it's",
    slipwayVersion: "0.0.0",
    code: {
      ...bundle.source,
      digest: bundle.digest,
      bytes: bundle.manifest.bytes,
      files: bundle.manifest.files,
      directory: code.directory,
      uploadedBytes: 0,
    },
    jobs: names.map((name) => ({
      name,
      command: { kind: "argv", argv: ["true", "it's\n\u0085"] },
      resources: {},
      env: {},
      needs: [],
      secrets: ["TOKEN"],
      token: `${experiment}.${name}.1`,
    })),
  };
}
