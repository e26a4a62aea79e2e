import { temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { createRecordStore, pollExperiments, rememberEnds } from "../src/index.ts";
import { fakeExecutor, record, recordedJob } from "./fakes.ts";

test("how jobs ended is kept in the record, and told when nothing else tells it any more", async () => {
  await using home = await temporaryDirectory();
  const records = createRecordStore({ home: home.path });
  const jobs = [recordedJob("a-1", "train"), recordedJob("a-1", "serve")];
  const before = record("a-1", { jobs });
  await records.claim("a-1");
  await records.write(before);
  await rememberEnds({
    experiments: [before],
    records,
    executor: fakeExecutor({ states: { train: ["failed"], serve: ["running"] } }).executor,
  });
  const {
    records: [after],
  } = await records.list();
  if (!after) throw new Error("The record is gone");
  expect(after.jobs.map(({ lastStatus }) => lastStatus?.state)).toEqual(["failed", undefined]);
  const [status] = await pollExperiments({ records: [after], executor: fakeExecutor().executor });
  expect(status?.jobs.map(({ name, state }) => [name, state])).toEqual([
    ["train", "failed"],
    ["serve", "unknown"],
  ]);
});
