import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import type { JobHandle, JobPlan } from "@slipway/core";
import { expect, test } from "vitest";

import { openFixture } from "./fixture.ts";
import type { Fixture, TestJob } from "./fixture.ts";

function planTry(
  { executor, code }: Fixture,
  tryNumber: number,
  { sh = "exit 0", ...job }: TestJob,
  secrets: Readonly<Record<string, string>> = {},
): JobPlan {
  const command = { kind: "argv", argv: ["sh", "-c", sh] } as const;
  return executor.plan(
    { name: "job", command, resources: {}, env: {}, needs: [], ...job },
    { experiment: "exp-1", code, secrets, comments: [], tryNumber },
  );
}

async function submit({ executor }: Fixture, plan: JobPlan): Promise<JobHandle> {
  const [handle] = await executor.submit([plan]);
  if (!handle) throw new Error("No handle");
  return handle;
}

test("a job that has ended is submitted again in its run directory: attempts count on, logs stay, secrets do not", async () => {
  await using fixture = await openFixture();
  const failing = { sh: "echo one $SLIPWAY_ATTEMPT; exit 3", retries: { failed: 1 } };
  const first = await submit(fixture, planTry(fixture, 1, failing, { KEY: "first-value" }));
  expect(await fixture.end(first)).toMatchObject({ state: "failed", attempt: 2 });
  const again = planTry(fixture, 2, { sh: 'echo two $SLIPWAY_ATTEMPT "$KEY"' }, { KEY: "k" });
  const second = await submit(fixture, again);
  expect(second).toEqual({ ...first, id: "exp-1.job.2" });
  expect(await fixture.end(second)).toMatchObject({ state: "succeeded", exitCode: 0, attempt: 3 });
  const logs = await Promise.all([1, 2, 3].map((attempt) => fixture.log(second, { attempt })));
  expect(logs).toEqual(["one 1\n", "one 2\n", "two 3 k\n"]);
  expect(await fixture.log(second, { follow: true })).toBe("two 3 k\n");
  const kept = path.join(first.runDir, "try-1");
  expect((await readdir(kept)).toSorted()).toEqual(["commit", "env", "job.sh"]);
  expect(await readFile(path.join(kept, "commit"), "utf8")).toContain("token=exp-1.job.1\n");
  expect(await submit(fixture, again)).toEqual(second);
  expect(await fixture.log(second)).toBe("two 3 k\n");
});

test("a job that has not ended is not, and goes on", async () => {
  await using fixture = await openFixture();
  const first = await submit(fixture, planTry(fixture, 1, { sh: "exec sleep 300" }));
  await expect(fixture.executor.submit([planTry(fixture, 2, {})])).rejects.toMatchObject({
    code: "EXECUTOR_TRY_NOT_ENDED",
    message: expect.stringMatching(/^exp-1\.job\.1 has not ended: it is (queued|running)$/),
  });
  expect((await fixture.status(first))?.state).toMatch(/queued|running/);
  await fixture.executor.cancel([first]);
  expect((await fixture.end(first)).state).toBe("cancelled");
  const second = await submit(fixture, planTry(fixture, 2, {}));
  expect((await fixture.end(second)).state).toBe("succeeded"); // The request to cancel was the first one's.
});

test("an array begins again with all its elements, also those that were cancelled alone", async () => {
  await using fixture = await openFixture();
  const array = { indices: [0, 3] };
  const first = await submit(fixture, planTry(fixture, 1, { sh: "exec sleep 300", array }));
  await fixture.until(first, "running");
  await fixture.executor.cancel([first], { arrayIndices: [0, 3] });
  expect((await fixture.end(first)).members?.map(({ state }) => state)).toEqual(["cancelled", "cancelled"]);
  const second = await submit(fixture, planTry(fixture, 2, { sh: "exit $SLIPWAY_ARRAY_INDEX", array }));
  const ended = await fixture.end(second);
  expect(ended.members?.map(({ state, exitCode }) => [state, exitCode])).toEqual([
    ["succeeded", 0],
    ["failed", 3],
  ]);
});

test("who needs the job waits for what its last try becomes", async () => {
  await using fixture = await openFixture();
  const first = await submit(fixture, planTry(fixture, 1, { name: "first", sh: "exit 1" }));
  await fixture.end(first);
  const [, then] = await fixture.executor.submit([
    planTry(fixture, 2, { name: "first", sh: "sleep 0.3" }),
    planTry(fixture, 1, { name: "then", needs: [{ job: "first", type: "ok" }] }),
  ]);
  if (!then) throw new Error("No handle");
  expect((await fixture.end(then)).state).toBe("succeeded");
});

test("when the next try cannot be submitted the one before is told as it was", async () => {
  await using fixture = await openFixture();
  const first = await submit(fixture, planTry(fixture, 1, { sh: "echo one; exit 3" }));
  const ended = await fixture.end(first);
  const broken = planTry(fixture, 2, {});
  const files = broken.files.map((file) => (file.path === "job.sh" ? { ...file, content: "exit 1\n" } : file));
  await expect(fixture.executor.submit([{ ...broken, files }])).rejects.toMatchObject({
    code: "EXECUTOR_START_FAILED",
  });
  expect(await fixture.status(first)).toEqual(ended);
  const second = await submit(fixture, planTry(fixture, 2, {}));
  expect(await fixture.end(second)).toMatchObject({ state: "succeeded", attempt: 2 });
});
