import { isFinalState, jobStates } from "@slipway/core";
import { fakeClock } from "@slipway/testing";
import { expect, test } from "vitest";

import { combineStates, followExperiment, isSettled, pollExperiments, waitForExperiment } from "../src/index.ts";
import { fakeExecutor, record, recordedJob } from "./fakes.ts";

test("all experiments of an executor are asked about in one go", async () => {
  const { executor, calls } = fakeExecutor({ states: { train: ["running"] } });
  const statuses = await pollExperiments({ records: [record("a-1"), record("b-1")], executor });
  expect(calls).toEqual(["poll 2"]);
  expect(statuses.map(({ experiment, state }) => [experiment, state])).toEqual([
    ["a-1", "running"],
    ["b-1", "running"],
  ]);
});

test("a job the executor has forgotten, or was never given, is unknown and says why", async () => {
  const { executor, calls } = fakeExecutor();
  const { handle: _, ...unsubmitted } = recordedJob("a-1", "eval");
  const jobs = [recordedJob("a-1", "train"), unsubmitted];
  const [status] = await pollExperiments({ records: [record("a-1", { jobs })], executor });
  expect(status?.jobs.map(({ name, state, reason }) => [name, state, reason])).toEqual([
    ["train", "unknown", "forgotten"],
    ["eval", "unknown", "not_submitted"],
  ]);
  expect(status?.jobs.every(isSettled)).toBe(true);
  expect(calls).toEqual(["poll 1"]);
});

test("several jobs are queued while all are, running while some go on, then the worst of them", () => {
  expect(combineStates(["queued", "queued"])).toBe("queued");
  expect(combineStates(["succeeded", "queued"])).toBe("running");
  expect(combineStates(["failed", "running"])).toBe("running");
  expect(combineStates(["succeeded", "cancelled", "failed"])).toBe("failed");
  expect(combineStates(["succeeded", "cancelled"])).toBe("cancelled");
  expect(combineStates(["succeeded", "timed_out", "cancelled"])).toBe("timed_out");
  expect(combineStates(["unknown", "failed"])).toBe("unknown");
  for (const state of jobStates) expect(combineStates([state])).toBe(state);
  expect(jobStates.filter((state) => isFinalState(combineStates([state, "queued"])))).toEqual([]);
});

test("following tells each change once, slows down while nothing changes, and stops when all is settled", async () => {
  const clock = fakeClock();
  const { executor } = fakeExecutor({ states: { train: ["queued", "queued", "queued", "running", "succeeded"] } });
  const seen: string[] = [];
  for await (const { state } of followExperiment({ record: record("a-1"), executor, clock, maxDelayMs: 300 }))
    seen.push(state);
  expect(seen).toEqual(["queued", "running", "succeeded"]);
  expect(clock.slept).toEqual([100, 200, 300, 100]);
});

test("waiting for one job does not wait for the others", async () => {
  const { executor } = fakeExecutor({ states: { train: ["running", "failed"], serve: ["running"] } });
  const jobs = [recordedJob("a-1", "train"), recordedJob("a-1", "serve")];
  const status = await waitForExperiment({
    record: record("a-1", { jobs }),
    jobs: jobs.slice(0, 1),
    executor,
    clock: fakeClock(),
  });
  expect(status.jobs.map(({ name, state }) => [name, state])).toEqual([["train", "failed"]]);
});

test("waiting ends with the signal's reason", async () => {
  const { executor } = fakeExecutor({ states: { train: ["running"] } });
  const reason = new Error("stop");
  const controller = new AbortController();
  const waiting = waitForExperiment({ record: record("a-1"), executor, signal: controller.signal });
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
