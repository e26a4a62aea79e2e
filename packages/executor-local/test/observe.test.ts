import { writeFile } from "node:fs/promises";
import path from "node:path";

import { fakeClock, temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { observeJob } from "../src/observe.ts";
import type { Processes } from "../src/processes.ts";

const at = "at=2026-01-02T03:04:05Z";
const process = (pid: number) => [`pid=${pid}`, "start=7", "boot=b"];
const commit = (pid: number) => record(`token=e.j.1`, ...process(pid), at);

function record(...lines: readonly string[]): string {
  return ["version=1", ...lines, "end=1", ""].join("\n");
}

/** An array of two; `onLook` happens when the processes are looked at for the last time, which all live. */
async function observeArray(files: Readonly<Record<string, string>>, onLook: Readonly<Record<string, string>>) {
  await using folder = await temporaryDirectory();
  const runDir = folder.path;
  const write = async (texts: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(texts)) await writeFile(path.join(runDir, name), text);
  };
  await write({ parts: "array-0\narray-1\n", ...files });
  const processes: Processes = {
    boot: async () => "b",
    isAlive: async ({ pid }) => pid < 20,
    async isGroupAlive() {
      await write(onLook);
      return true;
    },
  };
  const handle = { id: "e.j.1", experiment: "e", job: "j", runDir };
  const seen = await observeJob(handle, { processes, clock: fakeClock(new Date(0)), cache: new Map() });
  return { state: seen?.status.state, members: seen?.status.members?.map(({ state, reason }) => [state, reason]) };
}

// The wrapper of the first element is gone, its command is not.
const first = {
  "array-0.commit": commit(21),
  "array-0.attempt-1.start": record(at),
  "array-0.attempt-1.group": record(...process(22)),
};

test("an element whose first sign comes after the processes were looked at runs", async () => {
  const whole = { commit: commit(11), "attempt-1.start": record(at) };
  const second = { "array-1.commit": commit(12), "array-1.attempt-1.start": record(at) };
  expect(await observeArray({ ...whole, ...first }, second)).toMatchObject({
    members: [
      ["unknown", "wrapper_killed"],
      ["running", undefined],
    ],
  });
  const ended = { ...second, "array-1.attempt-1.exit": record("outcome=ended", "exit=3", at) };
  expect(await observeArray({ ...whole, ...first }, ended)).toMatchObject({
    members: [
      ["unknown", "wrapper_killed"],
      ["failed", undefined],
    ],
  });
});

test("so does a job", async () => {
  expect(await observeArray(first, { commit: commit(11), "attempt-1.start": record(at) })).toMatchObject({
    members: [
      ["unknown", "wrapper_killed"],
      ["queued", undefined],
    ],
  });
});
