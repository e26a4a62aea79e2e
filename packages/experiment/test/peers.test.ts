import { utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { createRecordStore, findExperiment, orderJobs, pollExperiments, submitExperiment } from "@slipway/experiment";
import { temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { emptyBundle, fakeExecutor, job, record, recordedJob } from "./fakes.ts";

// Behaviours that people know from other tools and keep here, and defects of those that are absent.

test("a diamond keeps its order, and jobs without needs the file's", () => {
  const jobs = [job("join", "left", "right"), job("left", "top"), job("right", "top"), job("alone"), job("top")];
  expect(orderJobs({ name: "e", jobs }).map(({ name }) => name)).toEqual(["top", "left", "right", "join", "alone"]);
});

test.each([
  [
    "a cycle",
    [job("a", "b"), job("b", "c"), job("c", "a")],
    "EXPERIMENT_CYCLE",
    "These jobs wait for each other: a → b → c → a",
  ],
  ["a job that needs itself", [job("a", "a")], "EXPERIMENT_CYCLE", "These jobs wait for each other: a → a"],
  [
    "a need that is not there",
    [job("train"), job("b", "trian")],
    "EXPERIMENT_INVALID",
    'The job b needs "trian", which there is not',
  ],
  ["two jobs of one name", [job("a"), job("a")], "EXPERIMENT_INVALID", "Two jobs would share one directory: a and a"],
  [
    "names that are one file on some systems",
    [job("a"), job("A")],
    "EXPERIMENT_INVALID",
    "Two jobs would share one directory: a and A",
  ],
  ["no jobs", [], "EXPERIMENT_INVALID", "The experiment e has no jobs"],
] as const)("%s is an error before anything is staged, claimed or submitted", async (_, jobs, code, message) => {
  await using folder = await temporaryDirectory();
  const { executor, calls } = fakeExecutor();
  const records = createRecordStore({ home: folder.path });
  const submission = {
    experiment: { name: "e", jobs },
    cluster: "local",
    bundle: emptyBundle,
    executor,
    records,
    cwd: "/work",
    slipwayVersion: "0",
  };
  await expect(submitExperiment(submission)).rejects.toMatchObject({ code, message });
  expect(calls).toEqual([]);
  expect(await records.list()).toEqual({ records: [], unreadable: [] });
});

test("an experiment that is not there is told by its name, and no other one is taken for it", () => {
  const records = [record("train-b2b2b2"), record("training-c3c3c3")];
  expect(() => findExperiment("eval", records)).toThrow(
    expect.objectContaining({ code: "EXPERIMENT_NOT_FOUND", message: 'There is no experiment "eval"' }),
  );
  expect(findExperiment("train-", records).record.id).toBe("train-b2b2b2");
  expect(() => findExperiment("train", records)).toThrow(expect.objectContaining({ code: "EXPERIMENT_AMBIGUOUS" }));
  expect(() => findExperiment("train-/gone", records)).toThrow(
    expect.objectContaining({
      code: "EXPERIMENT_JOB_NOT_FOUND",
      message: expect.stringContaining('has no job "gone"') as string,
    }),
  );
});

test("the newest experiment is the one that was made last, whatever was touched since", async () => {
  await using folder = await temporaryDirectory();
  const records = createRecordStore({ home: folder.path });
  for (const [id, day] of [
    ["a-1", "20"],
    ["a-2", "21"],
  ] as const) {
    await records.claim(id);
    await records.write(record(id, { createdAt: `2026-11-${day}T00:00:00Z` }));
  }
  const later = new Date("2027-01-01T00:00:00Z");
  for (const touched of ["runs/a-1", "runs/a-1/experiment.json"])
    await utimes(path.join(folder.path, touched), later, later);
  await writeFile(path.join(folder.path, "runs/a-1/note"), "");
  expect((await records.list()).records.map(({ id }) => id)).toEqual(["a-2", "a-1"]);
});

test("many jobs of many experiments are asked about in one go", async () => {
  const { executor, calls } = fakeExecutor();
  const jobs = (id: string) => Array.from({ length: 100 }, (_, index) => recordedJob(id, `job-${index}`));
  const records = ["a-1", "b-1", "c-1"].map((id) => record(id, { jobs: jobs(id) }));
  await pollExperiments({ records, executor });
  expect(calls).toEqual(["poll 300"]);
});

test("a job that nobody knows any more is unknown, never a failure", async () => {
  const { executor } = fakeExecutor();
  const [status] = await pollExperiments({ records: [record("a-1")], executor });
  expect(status?.jobs[0]).toEqual({ name: "train", state: "unknown", reason: "forgotten", attempt: 1, evidence: [] });
});

test("a record keeps all that a job asked for, so that it can be run again, and no value of a secret", async () => {
  await using folder = await temporaryDirectory();
  const { executor } = fakeExecutor();
  const asked = {
    ...job("train"),
    array: { indices: [0, 1], maxRunning: 1 },
    retries: { timeout: 5, preempted: "unlimited" },
    warning: { signalName: "USR1", secondsBefore: 60 },
    container: "torch",
    mounts: ["/a:/a"],
    launcher: "torchrun",
    workdir: "copy",
    sbatch: { constraint: "a100" },
  } as const;
  const written = await submitExperiment({
    experiment: { name: "e", jobs: [asked] },
    secrets: { train: { TOKEN: "s3cret" } },
    cluster: "local",
    bundle: emptyBundle,
    executor,
    records: createRecordStore({ home: folder.path }),
    cwd: "/work",
    slipwayVersion: "0",
  });
  expect(written.jobs[0]).toMatchObject({ ...asked, secrets: ["TOKEN"] });
  expect(JSON.stringify(written)).not.toContain("s3cret");
});
