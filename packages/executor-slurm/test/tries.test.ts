import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import type { JobPlan } from "@slipway/core";
import { eventually } from "@slipway/testing";
import { sharedTestbed } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { openFixture } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";
import { summary } from "./summary.ts";
import { isSupported } from "./testbed.ts";

describe.runIf(isSupported)("another try in the same run directory", () => {
  test.concurrent("goes on counting attempts, and keeps the log, the script and the end of the one before", async () => {
    await using fixture = await open();
    const ofOne = fixture.plan({ sh: "echo one; exit 3", env: { ONLY: "one" } }, { TOKEN: "of one" });
    const [first] = await fixture.executor.submit([ofOne]);
    if (!first) throw new Error("No handle");
    expect(summary(await fixture.end(first))).toEqual({ state: "failed", exitCode: 3, attempt: 1 });
    const plan = fixture.plan({ sh: "echo two $SLIPWAY_ATTEMPT $ONLY$TOKEN" }, {}, 2);
    const [second] = await fixture.executor.submit([plan]);
    if (!second) throw new Error("No handle");
    expect(second).toEqual({ ...first, id: expect.not.stringMatching(first.id) });
    expect(summary(await fixture.end(second))).toEqual({ state: "succeeded", exitCode: 0, attempt: 2 });
    expect(summary(await fixture.status(first))).toEqual({ state: "failed", exitCode: 3, attempt: 1 });
    expect([await fixture.log(first), await fixture.log(second), await fixture.log(second, { attempt: 1 })]).toEqual([
      "one\n",
      "two 2\n",
      "one\n",
    ]);
    expect(await readFile(path.join(first.runDir, "job.sbatch"), "utf8")).toBe(scriptOf(plan));
    expect((await readdir(path.join(first.runDir, "try-1"))).toSorted()).toEqual([
      "env",
      "job.sbatch",
      "released",
      "submission",
    ]);
    expect(await fixture.executor.submit([plan])).toEqual([second]);
    expect(await fixture.executor.submit([ofOne])).toEqual([first]);
  });

  test.concurrent("waits in the queue as itself: nothing of the one before is taken for its own", async () => {
    await using fixture = await open();
    const first = await fixture.start({ sh: "echo ready; exec sleep 600" });
    await eventually("the log", async () => (await fixture.log(first)) === "ready\n");
    await fixture.executor.cancel([first]);
    expect((await fixture.end(first)).state).toBe("cancelled");
    const [second] = await fixture.executor.submit([fixture.plan({ sbatch: { begin: "now+1hour" } }, {}, 2)]);
    if (!second) throw new Error("No handle");
    expect(await fixture.status(second)).toMatchObject({ state: "queued", attempt: 2 });
    expect(await fixture.log(second)).toBe("");
    await fixture.executor.cancel([first]);
    expect((await fixture.status(second))?.state).toBe("queued");
    await fixture.executor.cancel([second]);
    expect(summary(await fixture.end(second))).toEqual({ state: "cancelled", attempt: 2 });
    expect(summary(await fixture.status(first))).toEqual({ state: "cancelled", signal: 15, attempt: 1 });
  });

  test.concurrent("is refused while the one before has not ended", async () => {
    await using fixture = await open();
    const first = await fixture.start({ sbatch: { begin: "now+1hour" } });
    await expect(fixture.executor.submit([fixture.plan({}, {}, 2)])).rejects.toMatchObject({
      code: "EXECUTOR_TRY_NOT_ENDED",
      message: `${fixture.experiment}.job.1 has not ended: job ${first.id.split(".")[1]} is PENDING`,
      hint: "Wait for its end, or cancel it; then try again",
    });
    expect((await fixture.status(first))?.state).toBe("queued");
    await fixture.executor.cancel([first]);
  });

  test.concurrent("that Slurm refuses leaves the run directory as it was", async () => {
    await using fixture = await open();
    const plan = fixture.plan({ sh: "exit 3" });
    const [first] = await fixture.executor.submit([plan]);
    if (!first) throw new Error("No handle");
    await fixture.end(first);
    const wrong = fixture.plan({ resources: { partition: "nowhere" } }, {}, 2);
    await expect(fixture.executor.submit([wrong])).rejects.toMatchObject({ code: "EXECUTOR_SLURM_REFUSED" });
    expect(await readFile(path.join(first.runDir, "job.sbatch"), "utf8")).toBe(scriptOf(plan));
    expect((await readdir(first.runDir)).filter((name) => /^(try-|\.new-)/.test(name))).toEqual([]);
    expect(summary(await fixture.status(first))).toEqual({ state: "failed", exitCode: 3, attempt: 1 });
  });

  test.concurrent("runs the script as somebody has edited it", async () => {
    await using fixture = await open();
    const first = await fixture.start({ sh: "exit 3" });
    await fixture.end(first);
    const kept = await readFile(path.join(first.runDir, "job.sbatch"), "utf8");
    const edited = kept
      .replace("set -- sh -c 'exit 3'", "set -- sh -c 'echo edited $SLIPWAY_ATTEMPT'")
      .replace("unset CDPATH", "unset CDPATH # and more");
    const plan = fixture.plan({}, {}, 2);
    const files = plan.files.map((file) => (file.path === plan.script ? { ...file, content: edited } : file));
    const [second] = await fixture.executor.submit([{ ...plan, files }]);
    if (!second) throw new Error("No handle");
    expect(summary(await fixture.end(second))).toEqual({ state: "succeeded", exitCode: 0, attempt: 2 });
    expect(await fixture.log(second)).toBe("edited 2\n");
    expect(await readFile(path.join(first.runDir, "job.sbatch"), "utf8")).toBe(edited);
  });

  test.concurrent("is what jobs that need this one wait for", async () => {
    await using fixture = await open();
    await fixture.end(await fixture.start({ name: "first", sh: "exit 3" }));
    const [second] = await fixture.executor.submit([
      fixture.plan({ name: "first", sh: 'until [ -e "$SLIPWAY_RUN_DIR/go" ]; do sleep 0.1; done' }, {}, 2),
      fixture.plan({ name: "then", needs: [{ job: "first", type: "ok" }] }),
    ]);
    if (!second) throw new Error("No handle");
    const outside = await fixture.start({ name: "later", needs: [{ job: "first", type: "ok" }] });
    expect((await fixture.status(outside))?.state).toBe("queued");
    await fixture.executor.cancel([second]);
    expect(await fixture.end(outside)).toMatchObject({ state: "cancelled" });
  });
});

async function open(): Promise<Fixture> {
  return openFixture(await sharedTestbed());
}

function scriptOf({ files, script }: JobPlan): string | undefined {
  return files.find((file) => file.path === script)?.content;
}
