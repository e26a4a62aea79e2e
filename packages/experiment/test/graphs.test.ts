import type { Job, JobState, RecordedJob } from "@slipway/core";
import { addAfter, defineExperiment, dependentsOf, outputSources, planRerun, splitArrays } from "@slipway/experiment";
import { expect, test } from "vitest";

import { job, record, recordedJob } from "./fakes.ts";

const recorded = (name: string, fields: Partial<RecordedJob> = {}): RecordedJob => ({
  ...recordedJob("e-1", name),
  ...fields,
});
const status = (name: string, state: JobState) => ({ name, state, attempt: 1, evidence: [] }) as const;

test("an experiment written in code is what its file would be, and a need of a job that is not there is no TypeScript", async () => {
  const { jobs } = await defineExperiment({
    name: "lr",
    defaults: { time: "1h" },
    jobs: {
      train: { run: "x {lr}", matrix: { lr: [0.1, 0.2] } },
      eval: { run: "y", needs: ["train", { job: "train2", type: "any" }] },
      train2: { argv: ["z"], repeat: 2 },
    },
  });
  expect(jobs.map(({ name, needs, array }) => [name, needs, array?.indices])).toEqual([
    ["train", [], [0, 1]],
    [
      "eval",
      [
        { job: "train", type: "ok" },
        { job: "train2-2", type: "any" },
      ],
      undefined,
    ],
    ["train2-1", [], undefined],
    ["train2-2", [{ job: "train2-1", type: "any" }], undefined],
  ]);
  // @ts-expect-error -- There is no such job.
  await expect(defineExperiment({ name: "lr", jobs: { a: { run: "x", needs: "b" } } })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: 'experiment:1:1: jobs.a.needs: there is no job "b"',
  });
});

test("an array over the limit becomes several jobs whose elements keep their indices, and who needs it needs them all", () => {
  const big: Job = { ...job("big"), array: { indices: [0, 1, 2, 3, 4], maxRunning: 4 } };
  const values = { lr: "1" };
  const elements = Object.fromEntries(
    big.array?.indices.map((index) => [
      index,
      { command: { kind: "shell", lines: [`run ${index}`] } as const, values },
    ]) ?? [],
  );
  const same: Job = {
    ...job("same"),
    array: { indices: [0, 1, 2, 3, 4], elements },
    needs: [{ job: "big", type: "corresponding" }],
  };
  const split = splitArrays([big, same, job("small", "big"), { ...job("fits"), array: { indices: [0, 1] } }], 2);
  expect(split.map(({ name, needs }) => [name, needs.map((need) => `${need.job}:${need.type}`)])).toEqual([
    ["big.1", []],
    ["big.2", []],
    ["big.3", []],
    ["same.1", ["big.1:corresponding"]],
    ["same.2", ["big.2:corresponding"]],
    ["same.3", ["big.3:corresponding"]],
    ["small", ["big.1:ok", "big.2:ok", "big.3:ok"]],
    ["fits", []],
  ]);
  expect(split[1]?.array).toEqual({
    indices: [0, 1],
    maxRunning: 1,
    elements: {
      0: { command: { kind: "argv", argv: ["env", "SLIPWAY_ARRAY_INDEX=2", "true"] }, values: {} },
      1: { command: { kind: "argv", argv: ["env", "SLIPWAY_ARRAY_INDEX=3", "true"] }, values: {} },
    },
  });
  expect(split[5]?.array?.elements).toEqual({
    0: { command: { kind: "shell", lines: ["export SLIPWAY_ARRAY_INDEX=4", "run 4"] }, values },
  });
  const needsFailure: Job = { ...job("bad"), needs: [{ job: "big", type: "notok" }] };
  expect(() => splitArrays([big, needsFailure], 2)).toThrow(
    expect.objectContaining({
      code: "EXPERIMENT_INVALID",
      message: "bad cannot need big with type notok: the array is over the cluster's limit and becomes 3 jobs",
    }),
  );
});

test("needs of other experiments are looked up among the records, and merged with the job's own", () => {
  const records = [
    record("exp-1", { jobs: [recordedJob("exp-1", "a"), recordedJob("exp-1", "b")] }),
    record("far-1", { cluster: "dgx" }),
  ];
  const resolve = (experiment: string, name?: string) =>
    addAfter({
      jobs: [job("first"), job("second", "first")],
      after: { second: [{ experiment, type: "any", ...(name !== undefined && { job: name }) }] },
      records,
      cluster: "local",
    })[1]?.needs;
  const own = { job: "first", type: "ok" };
  expect(resolve("exp")).toEqual([
    own,
    { job: "a", type: "any", experiment: "exp-1" },
    { job: "b", type: "any", experiment: "exp-1" },
  ]);
  expect(resolve("exp-1", "b")).toEqual([own, { job: "b", type: "any", experiment: "exp-1" }]);
  expect(() => resolve("gone")).toThrow(expect.objectContaining({ code: "EXPERIMENT_NOT_FOUND" }));
  expect(() => resolve("exp", "c")).toThrow(expect.objectContaining({ code: "EXPERIMENT_JOB_NOT_FOUND" }));
  expect(() => resolve("far")).toThrow(
    expect.objectContaining({
      code: "EXPERIMENT_INVALID",
      message: "far-1 is an experiment of dgx; jobs of local cannot wait for it",
    }),
  );
});

test("running again keeps the graph, and nothing of where the jobs went", () => {
  const jobs = [recorded("a", { secrets: ["TOKEN"] }), recorded("b", { needs: [{ job: "a", type: "any" }] })];
  expect(planRerun({ record: record("e-1", { jobs }) })).toEqual({
    name: "e",
    jobs: [job("a"), { ...job("b"), needs: [{ job: "a", type: "any" }] }],
  });
});

test("running the failed ones again leaves out what has succeeded, whose needs are met; a chain is run whole", () => {
  const jobs = [
    recorded("a"),
    recorded("b", {
      needs: [
        { job: "a", type: "ok" },
        { job: "x", type: "ok", experiment: "other-1" },
      ],
    }),
    recorded("c", { needs: [{ job: "b", type: "ok" }] }),
    recorded("t-1"),
    recorded("t-2", { needs: [{ job: "t-1", type: "any" }], runDirOf: "t-1" }),
    recorded("sweep", { array: { indices: [0, 1, 2] } }),
    recorded("done", { array: { indices: [0] } }),
  ];
  const sweep = {
    ...status("sweep", "failed"),
    members: (["succeeded", "failed", "cancelled"] as const).map((state, arrayIndex) => ({
      ...status(`s_${arrayIndex}`, state),
      arrayIndex,
    })),
  };
  const failedOf = [
    status("a", "succeeded"),
    status("b", "failed"),
    status("c", "cancelled"),
    status("t-1", "succeeded"),
    status("t-2", "timed_out"),
    sweep,
    status("done", "succeeded"),
  ];
  expect(planRerun({ record: record("e-1", { jobs }), failedOf }).jobs).toEqual([
    { ...job("b"), needs: [{ job: "x", type: "ok", experiment: "other-1" }] },
    job("c", "b"),
    job("t-1"),
    { ...job("t-2"), needs: [{ job: "t-1", type: "any" }], runDirOf: "t-1" },
    { ...job("sweep"), array: { indices: [1, 2] } },
  ]);
  expect(() => planRerun({ record: record("e-1", { jobs: [recorded("a")] }), failedOf })).toThrow(
    expect.objectContaining({ code: "EXPERIMENT_INVALID", message: "All jobs of e-1 have succeeded" }),
  );
});

test("tells who waits for a job, and who can never begin without its success", () => {
  const jobs = [
    recorded("a"),
    recorded("b", { needs: [{ job: "a", type: "ok" }] }),
    recorded("c", { needs: [{ job: "b", type: "corresponding" }] }),
    recorded("d", { needs: [{ job: "a", type: "any" }] }),
    recorded("e", { needs: [{ job: "d", type: "ok" }] }),
    recorded("f", { needs: [{ job: "a", type: "ok", experiment: "other" }] }),
  ];
  expect(dependentsOf({ jobs }, ["a"])).toEqual({ all: ["b", "c", "d", "e"], never: ["b", "c"] });
});

test("an array and a group have an output for each part", () => {
  const { handle } = recorded("job");
  if (!handle) throw new Error("No handle");
  const array = { ...job("train"), handle, array: { indices: [0, 7] } };
  const member = (name: string) => ({ name, command: job("x").command, resources: {}, env: {} });
  expect(outputSources(array)).toEqual([
    { label: "train[0]", handle, arrayIndex: 0 },
    { label: "train[7]", handle, arrayIndex: 7 },
  ]);
  expect(outputSources(array, { arrayIndex: 7 })).toEqual([
    { label: "train[7]", handle, arrayIndex: 7, rank: undefined },
  ]);
  expect(outputSources({ ...job("serve"), handle, group: [member("server"), member("client")] })).toEqual([
    { label: "serve.server", handle, rank: "server" },
    { label: "serve.client", handle, rank: "client" },
  ]);
  expect(outputSources({ ...job("never") })).toEqual([]);
});
