import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { isFinalState } from "@slipway/core";
import { eventually } from "@slipway/testing";
import { sharedTestbed } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { openFixture } from "./fixture.ts";
import { isSupported } from "./testbed.ts";

describe.runIf(isSupported)("cancelling", () => {
  const open = async () => openFixture(await sharedTestbed());

  test("says in the run directory who asked, and when", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: "echo ready; exec sleep 600" });
    await eventually("the log", async () => (await fixture.log(handle)) === "ready\n");
    await fixture.executor.cancel([handle]);
    const record = await readFile(path.join(handle.runDir, "cancel"), "utf8");
    expect(record).toMatch(/^version=1\nby=ada\nat=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\nend=1\n$/);
    const { evidence } = await fixture.end(handle);
    expect(evidence.map(({ source, value }) => `${source}: ${value}`)).toContain("cancel: asked by ada");
  });

  test("works right after the submission, and for more jobs than one scancel takes", async () => {
    await using fixture = await open();
    const names = Array.from({ length: 120 }, (_, index) => `job-${index}`);
    const plans = names.map((name) => fixture.plan({ name, sh: "exec sleep 600" }));
    const handles = await fixture.executor.submit(plans);
    await fixture.executor.cancel(handles);
    const ended = await eventually(
      "all to be over",
      async () => {
        const statuses = [...(await fixture.executor.poll(handles)).values()];
        return statuses.every(({ state }) => isFinalState(state)) && statuses;
      },
      60_000,
    );
    expect(new Set(ended.map(({ state }) => state))).toEqual(new Set(["cancelled"]));
  }, 90_000);

  test("passes on signals of all kinds, and marks nothing", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: "trap 'echo int' INT; echo ready; while :; do sleep 0.1; done" });
    await eventually("the log", async () => (await fixture.log(handle)) === "ready\n");
    await fixture.executor.cancel([handle], { signalName: "SIGSTOP" });
    await fixture.executor.cancel([handle], { signalName: "CONT" });
    await fixture.executor.cancel([handle], { signalName: "KILL" });
    expect((await fixture.end(handle)).state).toBe("cancelled"); // Slurm takes this one for an end.
    await expect(readFile(path.join(handle.runDir, "cancel"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("refuses a signal that does not exist", async () => {
    await using fixture = await open();
    const handle = await fixture.start({});
    await expect(fixture.executor.cancel([handle], { signalName: "UST1" })).rejects.toMatchObject({
      code: "EXECUTOR_UNKNOWN_SIGNAL",
      hint: "Did you mean USR1?",
    });
    await fixture.end(handle);
  });
});

describe.runIf(isSupported)("cancelling elements of an array", () => {
  const open = async () => openFixture(await sharedTestbed());

  test("ends those that run and those that wait, and no other", async () => {
    await using fixture = await open();
    const sh = 'echo ready; until [ -e "$SLIPWAY_RUN_DIR/../go" ]; do sleep 0.1; done';
    const handle = await fixture.start({ sh, array: { indices: [0, 1, 2, 3], maxRunning: 2 } });
    await eventually("the second to run", async () => (await fixture.log(handle, { arrayIndex: 1 })) === "ready\n");
    await fixture.executor.cancel([handle], { arrayIndices: [3, 1] });
    await expect(readFile(path.join(handle.runDir, "cancel"))).rejects.toMatchObject({ code: "ENOENT" });
    await eventually("the third to run", async () => (await fixture.log(handle, { arrayIndex: 2 })) === "ready\n");
    await writeFile(path.join(handle.runDir, "run/go"), "");
    const ended = await fixture.end(handle, 90_000);
    expect([ended.state, ended.members?.map(({ arrayIndex, state }) => [arrayIndex, state])]).toEqual([
      "cancelled",
      [
        [0, "succeeded"],
        [1, "cancelled"],
        [2, "succeeded"],
        [3, "cancelled"],
      ],
    ]);
    const evidence = ended.members?.map(({ evidence: seen }) => seen.some(({ source }) => source === "cancel"));
    expect(evidence).toEqual([false, true, false, true]);
  }, 120_000);

  test("counts for this try alone, and a signal reaches only them", async () => {
    await using fixture = await open();
    const sh =
      '[ "$SLIPWAY_ATTEMPT" = 1 ] || exit 0; trap "echo told; exit 0" USR1; echo ready; while :; do sleep 0.1; done';
    const job = { sh, array: { indices: [0, 1] } };
    const handle = await fixture.start(job);
    for (const arrayIndex of [0, 1])
      await eventually("the log", async () => (await fixture.log(handle, { arrayIndex })) === "ready\n");
    await fixture.executor.cancel([handle], { arrayIndices: [0], signalName: "USR1" });
    await eventually("its end", async () => (await fixture.status(handle))?.members?.[0]?.state === "succeeded");
    await fixture.executor.cancel([handle], { arrayIndices: [1] });
    expect((await fixture.end(handle)).members?.map(({ state }) => state)).toEqual(["succeeded", "cancelled"]);
    expect(await fixture.log(handle, { arrayIndex: 0 })).toMatch(/^ready\n(User defined signal 1\n)?told\n$/);
    const [again] = await fixture.executor.submit([fixture.plan(job, {}, 2)]);
    if (!again) throw new Error("No handle");
    expect((await fixture.end(again)).members?.map(({ state }) => state)).toEqual(["succeeded", "succeeded"]);
  }, 120_000);
});
