import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { isJobName, SlipwayError } from "@slipway/core";
import type { Executor } from "@slipway/core";
import { fakeClock, temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { createExperimentId, createRecordStore, submitExperiment } from "../src/index.ts";
import type { ExperimentEvent, SubmitOptions } from "../src/index.ts";
import { emptyBundle, fakeExecutor, job } from "./fakes.ts";

function options(
  home: string,
  rest: Pick<SubmitOptions, "executor" | "experiment"> & Partial<SubmitOptions>,
): SubmitOptions {
  return {
    cluster: "local",
    bundle: emptyBundle,
    records: createRecordStore({ home }),
    cwd: "/work/sub",
    slipwayVersion: "1.2.3",
    clock: fakeClock(),
    createId: (name) => `${name}-1`,
    ...rest,
  };
}

test("the record says what was submitted: jobs, code, tokens and handles, and no secret's value", async () => {
  await using home = await temporaryDirectory();
  const { executor, calls } = fakeExecutor();
  const experiment = { name: "demo", jobs: [job("eval", "train"), job("train")] };
  const secrets = { train: { API_KEY: "s3cret-value" } };
  const record = await submitExperiment(options(home.path, { executor, experiment, secrets }));
  expect(calls).toEqual(["stage", "submit train eval"]);
  expect(record).toEqual({
    version: 1,
    id: "demo-1",
    name: "demo",
    cluster: "local",
    createdAt: "2026-01-02T03:04:05.000Z",
    phase: "submitted",
    cwd: "/work/sub",
    slipwayVersion: "1.2.3",
    code: {
      ...emptyBundle.source,
      digest: emptyBundle.digest,
      bytes: 0,
      files: 0,
      directory: `/store/${emptyBundle.digest}`,
      uploadedBytes: 7,
    },
    jobs: experiment.jobs.map((each) => ({
      ...each,
      secrets: each.name === "train" ? ["API_KEY"] : [],
      token: `demo-1.${each.name}.1`,
      handle: { id: `id-${each.name}`, experiment: "demo-1", job: each.name, runDir: `/runs/demo-1/${each.name}` },
    })),
  });
  const written = await readFile(path.join(home.path, "runs/demo-1/experiment.json"), "utf8");
  expect(JSON.parse(written)).toEqual(record);
  expect(written).not.toContain("s3cret-value");
});

test("a submission that fails leaves nothing behind", async () => {
  await using home = await temporaryDirectory();
  const failSubmit = new Error("refused");
  const { executor } = fakeExecutor({ failSubmit });
  const submitting = submitExperiment(options(home.path, { executor, experiment: { name: "demo", jobs: [job("a")] } }));
  await expect(submitting).rejects.toBe(failSubmit);
  expect(await readdir(path.join(home.path, "runs"))).toEqual([]);
});

test("the executor is given the record as it stands before it is asked", async () => {
  await using home = await temporaryDirectory();
  const { executor, records } = fakeExecutor();
  const record = await submitExperiment(
    options(home.path, { executor, experiment: { name: "demo", jobs: [job("a")] } }),
  );
  const jobs = record.jobs.map(({ handle: _later, ...rest }) => rest);
  expect(records).toEqual([{ ...record, phase: "planned", jobs }]);
});

test("where nobody can tell what became of the jobs the record stays, and that is told", async () => {
  await using home = await temporaryDirectory();
  const failSubmit = new SlipwayError("SSH_CLOSED", "The connection was cut");
  const { executor } = fakeExecutor({ failSubmit, found: [] });
  const events: ExperimentEvent[] = [];
  const wanted = options(home.path, { executor, experiment: { name: "demo", jobs: [job("a")] } });
  await expect(submitExperiment({ ...wanted, onEvent: (event) => events.push(event) })).rejects.toBe(failSubmit);
  const { records } = await wanted.records.list();
  expect(records).toMatchObject([{ id: "demo-1", phase: "planned" }]);
  expect(events.at(-1)).toEqual({ type: "experiment.unclear", record: records[0] });
  expect(await wanted.records.isBeingSubmitted("demo-1")).toBe(false);
});

test("where the executor says that nothing was submitted, no record stays", async () => {
  await using home = await temporaryDirectory();
  const failSubmit = new SlipwayError("EXECUTOR_REFUSED", "No such partition", { details: { submitted: false } });
  const { executor } = fakeExecutor({ failSubmit, found: [] });
  const submitting = submitExperiment(options(home.path, { executor, experiment: { name: "demo", jobs: [job("a")] } }));
  await expect(submitting).rejects.toBe(failSubmit);
  expect(await readdir(path.join(home.path, "runs"))).toEqual([]);
});

test("what another process adds to the record meanwhile stays", async () => {
  await using home = await temporaryDirectory();
  const { executor } = fakeExecutor();
  const wanted = options(home.path, { executor, experiment: { name: "demo", jobs: [job("a")] } });
  const meddling = {
    ...executor,
    async submit(...asked: Parameters<typeof executor.submit>) {
      await wanted.records.update("demo-1", (before) => ({ ...before, pinned: true }));
      return executor.submit(...asked);
    },
  };
  expect(await submitExperiment({ ...wanted, executor: meddling })).toMatchObject({ phase: "submitted", pinned: true });
});

test("a graph that cannot be is refused before any code is copied", async () => {
  await using home = await temporaryDirectory();
  const { executor, calls } = fakeExecutor();
  const experiment = { name: "demo", jobs: [job("a", "b"), job("b", "a")] };
  await expect(submitExperiment(options(home.path, { executor, experiment }))).rejects.toMatchObject({
    code: "EXPERIMENT_CYCLE",
  });
  expect(calls).toEqual([]);
  expect(await readdir(home.path)).toEqual([]);
});

test("an id that is taken is passed over", async () => {
  await using home = await temporaryDirectory();
  const { executor } = fakeExecutor();
  const ids = ["demo-1", "demo-1", "demo-2"];
  const submit = () =>
    submitExperiment(
      options(home.path, {
        executor,
        experiment: { name: "demo", jobs: [job("a")] },
        createId: () => ids.shift() ?? "none",
      }),
    );
  expect([(await submit()).id, (await submit()).id]).toEqual(["demo-1", "demo-2"]);
});

test("what the executor will not give is told as a warning", async () => {
  await using home = await temporaryDirectory();
  const { executor } = fakeExecutor();
  const events: ExperimentEvent[] = [];
  const experiment = { name: "demo", jobs: [{ ...job("a"), resources: { gpusPerNode: 8 } }] };
  await submitExperiment(options(home.path, { executor, experiment, onEvent: (event) => events.push(event) }));
  expect(events.map(({ type }) => type)).toEqual(["experiment.staged", "experiment.warning", "experiment.submitted"]);
  expect(events[1]).toEqual({ type: "experiment.warning", job: "a", message: "no GPUs here" });
});

test("an array that the executor refuses as too big becomes several jobs, each with the secrets of the whole", async () => {
  await using home = await temporaryDirectory();
  const { executor, calls } = fakeExecutor();
  const told: string[][] = [];
  const limited: Executor = {
    ...executor,
    plan(planned, context) {
      const last = planned.array?.indices.at(-1) ?? 0;
      if (last >= 2) throw new SlipwayError("PBS_TOO_BIG", "too big", { details: { maxArraySize: 2 } });
      told.push([planned.name, ...Object.values(context.secrets)]);
      return executor.plan(planned, context);
    },
  };
  const experiment = { name: "demo", jobs: [{ ...job("big"), array: { indices: [0, 1, 2] } }, job("then", "big")] };
  const secrets = { big: { KEY: "k" } };
  const { jobs } = await submitExperiment(options(home.path, { executor: limited, experiment, secrets }));
  expect(jobs.map(({ name, array, needs, secrets: names }) => [name, array?.indices, needs.length, names])).toEqual([
    ["big.1", [0, 1], 0, ["KEY"]],
    ["big.2", [0], 0, ["KEY"]],
    ["then", undefined, 2, []],
  ]);
  expect(calls).toEqual(["stage", "submit big.1 big.2 then"]);
  expect(told).toContainEqual(["big.2", "k"]);
});

test("what an executor can never run is told before anything is copied", async () => {
  await using home = await temporaryDirectory();
  const { executor, calls } = fakeExecutor();
  const refusal = new SlipwayError("PBS_NO", "no");
  const refusing: Executor = {
    ...executor,
    plan() {
      throw refusal;
    },
  };
  const submitting = submitExperiment(
    options(home.path, { executor: refusing, experiment: { name: "demo", jobs: [job("a")] } }),
  );
  await expect(submitting).rejects.toBe(refusal);
  expect(calls).toEqual([]);
});

test("an executor is given ids that are safe as names, whatever the experiment is called", async () => {
  await using home = await temporaryDirectory();
  const { executor } = fakeExecutor();
  const ids: string[] = [];
  const watched: Executor = {
    ...executor,
    plan(planned, context) {
      ids.push(context.experiment);
      return executor.plan(planned, context);
    },
  };
  const experiment = { name: "größe/two $(x)", jobs: [job("a")] };
  await submitExperiment(options(home.path, { executor: watched, experiment, createId: createExperimentId }));
  expect(ids.length).toBeGreaterThan(0);
  expect(ids.filter((id) => !isJobName(id))).toEqual([]);
});
