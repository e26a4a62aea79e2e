import type { ExperimentRecord, FoundExperiment, JobStatus } from "@slipway/core";
import { temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import {
  adoptSubmissions,
  completeSubmission,
  createRecordStore,
  syncRecords,
  takeBackSubmission,
} from "../src/index.ts";
import { fakeExecutor, record, recordedJob } from "./fakes.ts";

/** As an execution host has it: with the ids of these jobs. */
function found(there: ExperimentRecord): FoundExperiment {
  return { record: there, handles: there.jobs.flatMap(({ handle }) => handle ?? []) };
}

function withoutHandles(given: ExperimentRecord): ExperimentRecord {
  return { ...given, phase: "planned", jobs: given.jobs.map(({ handle: _handle, ...job }) => job) };
}

async function storeOf(home: string, ...known: readonly ExperimentRecord[]) {
  const records = createRecordStore({ home });
  for (const each of known) {
    await records.claim(each.id);
    await records.write(each);
    await records.giveUp(each.id);
  }
  return records;
}

test("experiments that are not known here are added, with the name and the file that their cluster has here", async () => {
  await using home = await temporaryDirectory();
  const records = await storeOf(home.path);
  const there = record("a-1", { cluster: "old-name", clusterFile: "/other/laptop/dgx.yaml" });
  const { executor } = fakeExecutor({ found: [found(there)], states: { train: ["running"] } });
  const options = { executor, records, cluster: "dgx", clusterFile: "/here/dgx.yaml" };
  expect(await syncRecords(options)).toEqual({ added: ["a-1"], completed: [], unchanged: [], skipped: [] });
  expect((await records.list()).records).toEqual([{ ...there, cluster: "dgx", clusterFile: "/here/dgx.yaml" }]);
  expect(await syncRecords(options)).toEqual({ added: [], completed: [], unchanged: ["a-1"], skipped: [] });
});

test("ids that a crash lost are filled in, a newer try there counts, and what is newer here stays", async () => {
  await using home = await temporaryDirectory();
  const lost = record("lost-1", { cluster: "dgx" });
  const resubmitted = record("again-1", { cluster: "dgx" });
  const [first = recordedJob("again-1", "train")] = resubmitted.jobs;
  const second = {
    ...first,
    token: "again-1.train.2",
    handle: { id: "x.2", experiment: "again-1", job: "train", runDir: "/r" },
  };
  const there = { ...resubmitted, jobs: [{ ...second, earlierTries: [{ token: first.token }] }] };
  const newerHere = record("newer-1", { jobs: [{ ...recordedJob("newer-1", "train"), token: "newer-1.train.3" }] });
  const records = await storeOf(home.path, withoutHandles(lost), { ...resubmitted, cwd: "/mine" }, newerHere);
  const { executor } = fakeExecutor({
    found: [lost, there, record("newer-1")].map(found),
    states: { train: ["running"] },
  });
  expect(await syncRecords({ executor, records, cluster: "dgx" })).toEqual({
    added: [],
    completed: ["lost-1", "again-1"],
    unchanged: ["newer-1"],
    skipped: [],
  });
  const after = new Map((await records.list()).records.map((each) => [each.id, each]));
  expect(after.get("lost-1")).toEqual(lost);
  expect(after.get("again-1")).toEqual({ ...there, cwd: "/mine" });
  expect(after.get("newer-1")).toEqual(newerHere);
});

test("another experiment of the same id, and a folder whose record cannot be read, are left as they are and told", async () => {
  await using home = await temporaryDirectory();
  const own = record("a-1", { createdAt: "2025-05-05T00:00:00.000Z" });
  const records = await storeOf(home.path, own);
  await writeFiles(home.path, { "runs/broken-1/experiment.json": "{" });
  const { executor } = fakeExecutor({
    found: [record("a-1"), record("broken-1")].map(found),
    states: { train: ["running"] },
  });
  expect(await syncRecords({ executor, records, cluster: "dgx" })).toEqual({
    added: [],
    completed: [],
    unchanged: [],
    skipped: [
      { experiment: "a-1", why: "another experiment of this id is known here, on local" },
      { experiment: "broken-1", why: "its folder here has no record that can be read" },
    ],
  });
  expect((await records.list()).records).toEqual([own]);
});

test("an experiment whose jobs are not all there, or held, stays planned when it is added", async () => {
  await using home = await temporaryDirectory();
  const records = await storeOf(home.path);
  const half = record("half-1", { phase: "planned", jobs: [recordedJob("half-1", "a"), recordedJob("half-1", "b")] });
  const [a, b] = half.jobs;
  if (!a || !b) throw new Error("Two jobs");
  const { handle: _handle, ...lost } = b;
  const held = record("held-1", { jobs: [recordedJob("held-1", "held")] });
  const { executor } = fakeExecutor({ found: [found({ ...half, jobs: [a, lost] }), found(held)] });
  const poll: typeof executor.poll = async (handles) =>
    new Map(
      handles.map(({ id }): [string, JobStatus] => [
        id,
        { state: "queued", reason: "JobHeldUser", attempt: 1, evidence: [] },
      ]),
    );
  await syncRecords({ executor: { ...executor, poll }, records, cluster: "local" });
  expect((await records.list()).records).toEqual([
    { ...half, jobs: [a, lost] },
    { ...held, phase: "planned" },
  ]);
});

test("a submission that was cut off is adopted by its tokens, and what is missing of it is named", async () => {
  await using home = await temporaryDirectory();
  const whole = record("whole-1");
  const half = record("half-1", { jobs: [recordedJob("half-1", "train"), recordedJob("half-1", "late")] });
  const other = record("done-1");
  const planned = [withoutHandles(whole), withoutHandles(half), other];
  const records = await storeOf(home.path, ...planned);
  const [train, late] = half.jobs;
  if (!train || !late) throw new Error("Two jobs");
  const { handle: _handle, ...lost } = late;
  const { executor } = fakeExecutor({
    found: [found(whole), found({ ...half, phase: "planned", jobs: [train, lost] })],
    states: { train: ["running"] },
  });
  const halfAfter = { ...half, phase: "planned", jobs: [train, lost] };
  expect(await adoptSubmissions(planned, { records, executor })).toEqual([
    { record: whole, progress: "submitted", missing: [] },
    { record: halfAfter, progress: "cut_off", missing: ["late"] },
    { record: other, progress: "submitted", missing: [] },
  ]);
  expect((await records.list()).records.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
    other,
    halfAfter,
    whole,
  ]);
});

test("a submission whose process lives is left to it", async () => {
  await using home = await temporaryDirectory();
  const planned = withoutHandles(record("a-1"));
  const records = createRecordStore({ home: home.path });
  await records.claim("a-1");
  await records.write(planned);
  const { executor, calls } = fakeExecutor({ found: [found(record("a-1"))] });
  expect(await adoptSubmissions([planned], { records, executor })).toEqual([
    { record: planned, progress: "under_way", missing: ["train"] },
  ]);
  expect(calls).toEqual([]);
});

test("where records stay here, a planned job that the executor does not know was never begun", async () => {
  await using home = await temporaryDirectory();
  const planned = record("a-1", { phase: "planned" });
  const records = await storeOf(home.path, planned);
  expect(await adoptSubmissions([planned], { records, executor: fakeExecutor().executor })).toEqual([
    { record: planned, progress: "cut_off", missing: ["train"] },
  ]);
  const { executor } = fakeExecutor({ states: { train: ["running"] } });
  expect(await adoptSubmissions([planned], { records, executor })).toEqual([
    { record: { ...planned, phase: "submitted" }, progress: "submitted", missing: [] },
  ]);
});

test("completing submits the recorded jobs under their tokens", async () => {
  await using home = await temporaryDirectory();
  const again = record("a-1", { jobs: [{ ...recordedJob("a-1", "train"), token: "a-1.train.2", secrets: ["KEY"] }] });
  const planned = withoutHandles(again);
  const records = await storeOf(home.path, planned);
  const { executor, calls } = fakeExecutor();
  const asked: Parameters<typeof executor.plan>[] = [];
  const plan: typeof executor.plan = (...words) => {
    asked.push(words);
    return executor.plan(...words);
  };
  const secrets = { train: { KEY: "value" } };
  const done = await completeSubmission({ record: planned, records, executor: { ...executor, plan }, secrets });
  expect(calls).toEqual(["submit train"]);
  expect(asked).toMatchObject([
    [
      { name: "train", command: { kind: "argv" } },
      { experiment: "a-1", tryNumber: 2, secrets: { KEY: "value" } },
    ],
  ]);
  expect(done).toMatchObject({ phase: "submitted", jobs: [{ token: "a-1.train.2", handle: { id: "id-train" } }] });
  expect((await records.list()).records).toEqual([done]);
});

test("taking back asks the executor to let nothing begin under the tokens, and for the end of what has begun", async () => {
  await using home = await temporaryDirectory();
  const planned = withoutHandles(record("a-1"));
  const records = await storeOf(home.path, planned);
  const { executor, calls } = fakeExecutor();
  const handle = { id: "x.7", experiment: "a-1", job: "train", runDir: "/r" };
  const takeBack = async (plans: readonly { readonly token: string }[]) => {
    calls.push(`take back ${plans.map(({ token }) => token).join(" ")}`);
    return [handle];
  };
  const taken = await takeBackSubmission({ record: planned, records, executor: { ...executor, takeBack } });
  expect(calls).toEqual(["take back a-1.train.1", "cancel train"]);
  expect(taken).toMatchObject({ phase: "submitted", jobs: [{ handle }] });
  expect((await records.list()).records).toEqual([taken]);
});

test("where the executor names jobs itself, their handles are enough to take them back", async () => {
  await using home = await temporaryDirectory();
  const planned = record("a-1", { phase: "planned" });
  const records = await storeOf(home.path, planned);
  const { executor, calls } = fakeExecutor();
  expect(await takeBackSubmission({ record: planned, records, executor })).toEqual({ ...planned, phase: "submitted" });
  expect(calls).toEqual(["cancel train"]);
});
