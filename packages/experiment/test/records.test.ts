import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { createExperimentId, createRecordStore } from "../src/index.ts";
import { record } from "./fakes.ts";

test("ids are made of the name and are safe as file names, whatever the name is", () => {
  const id = (name: string) => createExperimentId(name, () => 0);
  expect(id("lr sweep/é")).toBe("lr-sweep-e-bbbbbb");
  expect(id("../../etc")).toBe("etc-bbbbbb");
  expect(id("実験")).toBe("experiment-bbbbbb");
  expect(createExperimentId("x")).toMatch(/^x-[a-z2-9]{6}$/);
});

test("records are listed newest first, and an empty home has none", async () => {
  await using home = await temporaryDirectory();
  const records = createRecordStore({ home: home.path });
  expect(await records.list()).toEqual({ records: [], unreadable: [] });
  expect(await readdir(home.path)).toEqual([]);
  const older = record("a-1");
  const newer = record("b-1", { createdAt: "2026-02-02T00:00:00.000Z" });
  for (const each of [older, newer]) {
    expect(await records.claim(each.id)).toBe(true);
    await records.write(each);
  }
  expect((await records.list()).records).toEqual([newer, older]);
});

test("an id is claimed once, and free again when it is discarded", async () => {
  await using home = await temporaryDirectory();
  const records = createRecordStore({ home: home.path });
  expect([await records.claim("a-1"), await records.claim("a-1")]).toEqual([true, false]);
  await records.discard("a-1");
  expect(await records.claim("a-1")).toBe(true);
});

test("a record that cannot be read is told and hides no other", async () => {
  await using home = await temporaryDirectory();
  const records = createRecordStore({ home: home.path });
  await records.claim("good-1");
  await records.write(record("good-1"));
  await writeFiles(path.join(home.path, "runs"), {
    "broken-1/experiment.json": "{",
    "newer-1/experiment.json": JSON.stringify({ ...record("newer-1"), version: 2 }),
    "other-1/experiment.json": JSON.stringify({ version: 1 }),
    "claimed-1/nothing.txt": "",
    "stray.txt": "",
  });
  const { records: read, unreadable } = await records.list();
  expect(read.map(({ id }) => id)).toEqual(["good-1"]);
  expect(unreadable.map(({ file, why }) => [path.basename(path.dirname(file)), why.replace(file, "FILE")])).toEqual([
    ["broken-1", "FILE is not JSON"],
    ["newer-1", "FILE was written by another version of slipway (update slipway to read it)"],
    ["other-1", "FILE lacks fields of a record"],
  ]);
});

test("a home where nothing can be written is told with the way out", async () => {
  await using home = await temporaryDirectory();
  await writeFile(path.join(home.path, "runs"), "a file in the way");
  await expect(createRecordStore({ home: home.path }).claim("a-1")).rejects.toMatchObject({
    code: "EXPERIMENT_HOME_NOT_WRITABLE",
    hint: "Make it writable, or set SLIPWAY_HOME to a folder that is",
  });
});

test("a record that could not be written leaves no half of one", async () => {
  await using home = await temporaryDirectory();
  const records = createRecordStore({ home: home.path });
  await records.claim("a-1");
  await mkdir(path.join(home.path, "runs/a-1/experiment.json"));
  await expect(records.write(record("a-1"))).rejects.toMatchObject({ code: "EXPERIMENT_HOME_NOT_WRITABLE" });
  expect(await readdir(path.join(home.path, "runs/a-1"))).toEqual([".submitter", "experiment.json"]);
});
