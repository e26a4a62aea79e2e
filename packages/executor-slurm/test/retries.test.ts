import { readFile } from "node:fs/promises";

import type { JobHandle, JobStatus } from "@slipway/core";
import { eventually } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import type { Fixture, TestJob } from "./fixture.ts";
import { summary } from "./summary.ts";
import { isSupported, ownTestbed } from "./testbed.ts";

/** No client is needed: only the tests hurry what Slurm makes wait for two minutes. */
describe.runIf(isSupported)("a job begins again", () => {
  const open = ownTestbed({ accounting: false });

  test.concurrent("when it asks for it, and is not final before that", async () => {
    await using fixture = await open();
    const handle = await startRecorded(fixture, {
      sh: 'echo "attempt $SLIPWAY_ATTEMPT"; [ "$SLIPWAY_ATTEMPT" = 2 ] || exit 75',
      retries: {},
    });
    await next(fixture, handle, 2);
    expect(summary(await fixture.end(handle, 200_000))).toEqual({ state: "succeeded", exitCode: 0, attempt: 2 });
    expect([await fixture.log(handle, { attempt: 1 }), await fixture.log(handle)]).toEqual([
      "attempt 1\nslipway: requested: begins again as attempt 2\n",
      "attempt 2\n",
    ]);
    expect(await causesOf(handle)).toEqual(["submitted", "requested"]);
  }, 480_000);

  test.concurrent("as often as its failures may, and then has failed", async () => {
    await using fixture = await open();
    const handle = await startRecorded(fixture, { sh: "exit 3", retries: { failed: 1 } });
    await next(fixture, handle, 2);
    expect(summary(await fixture.end(handle, 200_000))).toEqual({ state: "failed", exitCode: 3, attempt: 2 });
    expect(await causesOf(handle)).toEqual(["submitted", "failed"]);
  }, 480_000);

  test.concurrent("as an element of an array, alone", async () => {
    await using fixture = await open();
    const handle = await fixture.start({
      sh: '[ "$SLIPWAY_ATTEMPT$SLIPWAY_ARRAY_INDEX" != 12 ] || exit 75',
      array: { indices: [1, 2] },
      retries: {},
    });
    await next(fixture, handle, 2, `${numberOf(handle)}_2`);
    const ended = await fixture.end(handle, 200_000);
    expect(ended.members?.map(({ state, attempt }) => [state, attempt])).toEqual([
      ["succeeded", 1],
      ["succeeded", 2],
    ]);
  }, 480_000);

  test.concurrent("as a group of different sizes, whole", async () => {
    await using fixture = await open();
    const part = (name: string, sh: string, cpusPerTask: number) => ({
      name,
      command: { kind: "argv", argv: ["sh", "-c", sh] } as const,
      resources: { cpusPerTask },
      env: {},
    });
    const handle = await fixture.start({
      group: [
        part("server", "exec sleep 600", 1),
        {
          ...part("client", 'echo "attempt $SLIPWAY_ATTEMPT"; [ "$SLIPWAY_ATTEMPT" = 2 ] || exit 75', 2),
          endsGroup: true,
        },
      ],
      retries: {},
    });
    await next(fixture, handle, 2);
    expect(summary(await fixture.end(handle, 200_000))).toEqual({ state: "succeeded", exitCode: 0, attempt: 2 });
    expect(await fixture.log(handle, { attempt: 1, rank: "client" })).toMatch(/^attempt 1\n/);
    expect(await fixture.log(handle, { rank: "client" })).toBe("attempt 2\n");
  }, 480_000);

  test.concurrent("before its time limit ends it", async () => {
    await using fixture = await open();
    const handle = await startRecorded(fixture, {
      sh: 'trap "echo saved; exit 0" TERM; [ "$SLIPWAY_ATTEMPT" = 2 ] || while :; do sleep 1; done',
      resources: { timeLimitSeconds: 60, partition: "short" },
      retries: { timeout: 1 },
    });
    await next(fixture, handle, 2);
    expect(summary(await fixture.end(handle, 200_000))).toEqual({ state: "succeeded", exitCode: 0, attempt: 2 });
    expect(await fixture.log(handle, { attempt: 1 })).toContain("slipway: timeout: begins again as attempt 2\n");
    expect(await causesOf(handle)).toEqual(["submitted", "timeout"]);
  }, 480_000);

  test.concurrent("when another was more urgent, as often as it may", async () => {
    await using fixture = await open();
    const handle = await startRecorded(fixture, {
      sh: "echo ready; exec sleep 600",
      retries: { preempted: 0 },
      sbatch: { exclude: "n1,n2,n3", exclusive: true },
    });
    await eventually("the log", async () => (await fixture.log(handle)) === "ready\n");
    const urgent = await fixture.start({
      name: "urgent",
      resources: { partition: "urgent" },
      sbatch: { exclude: "n1,n2,n3", exclusive: true },
    });
    expect((await fixture.end(urgent, 90_000)).state).toBe("succeeded");
    await next(fixture, handle, 2);
    expect(summary(await fixture.end(handle, 200_000))).toEqual({
      state: "failed",
      reason: "retries_exhausted",
      exitCode: 1,
      attempt: 2,
    });
    expect(await fixture.log(handle)).toBe("slipway: not begun again: preempted 1 times, 0 allowed\n");
    expect(await causesOf(handle)).toEqual(["submitted", "preempted"]);
  }, 480_000);

  test.concurrent("when its node was lost", async () => {
    await using fixture = await open();
    const handle = await startRecorded(fixture, {
      sh: 'echo "attempt $SLIPWAY_ATTEMPT"; [ "$SLIPWAY_ATTEMPT" = 2 ] || exec sleep 600',
      retries: { nodeFailed: 1 },
      sbatch: { exclude: "n1,n2,n4" },
    });
    await eventually("the log", async () => (await fixture.log(handle)) === "attempt 1\n");
    await open.testbed().killNode("n3");
    await eventually("the requeue", async () => (await fixture.status(handle))?.attempt === 2, 90_000);
    await open.testbed().startNode("n3");
    await next(fixture, handle, 2);
    expect(summary(await fixture.end(handle, 90_000))).toEqual({ state: "succeeded", exitCode: 0, attempt: 2 });
    expect(await causesOf(handle)).toEqual(["submitted", "node_failed"]);
  }, 480_000);

  /** Waits until the attempt is in the queue, never final before that, and hurries it. Within the second of its requeue, its node refuses its credential. */
  async function next(fixture: Fixture, handle: JobHandle, attempt: number, id = numberOf(handle)): Promise<void> {
    const queued = await eventually(
      "the next attempt",
      async (): Promise<JobStatus | undefined> => {
        const seen = await fixture.status(handle);
        expect(["queued", "running", "unknown", undefined]).toContain(seen?.state);
        return seen?.attempt === attempt ? seen : undefined;
      },
      150_000,
    );
    await eventually("the second to be over", () => Date.now() > Date.parse(queued.submittedAt ?? "") + 2_000);
    await eventually(
      "the next attempt to begin",
      async () => {
        const seen = await fixture.status(handle);
        const waits = [seen, ...(seen?.members ?? [])].some((each) => each?.reason === "BeginTime");
        // A node that still ends the attempt before refuses the next, which then waits again.
        if (waits) await open.testbed().slurm("scontrol", "update", `JobId=${id}`, "StartTime=now");
        return !waits;
      },
      150_000,
    );
  }
});

/** With a record beside the script, as the experiment's: the wrapper tells its attempts there. */
async function startRecorded(fixture: Fixture, job: TestJob): Promise<JobHandle> {
  const plan = fixture.plan(job);
  const record = { path: "record.json", content: '{\n  "version": 1,\n  "attempts": [\n  ]\n}\n', mode: 0o644 };
  const [handle] = await fixture.executor.submit([{ ...plan, files: [...plan.files, record] }]);
  if (!handle) throw new Error("No handle");
  return handle;
}

/** Why each attempt began. */
async function causesOf({ runDir }: JobHandle): Promise<readonly string[]> {
  const { attempts }: { readonly attempts: readonly { readonly cause: string }[] } = JSON.parse(
    await readFile(`${runDir}/record.json`, "utf8"),
  );
  return attempts.map(({ cause }) => cause);
}

function numberOf({ id }: JobHandle): string {
  return id.slice(id.lastIndexOf(".") + 1);
}
