import { readFile } from "node:fs/promises";
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
