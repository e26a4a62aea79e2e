import type { JobHandle, JobStatus } from "@slipway/core";
import { eventually } from "@slipway/testing";
import type { Testbed } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import type { Fixture, TestJob } from "./fixture.ts";
import { summary } from "./summary.ts";
import { isSupported, ownTestbed } from "./testbed.ts";
import type { Opener } from "./testbed.ts";

/** The life table of `spec: slurm`, row by row, with and without accounting, all at once: state, reason, exit code, attempt and log. */
describe.runIf(isSupported)("the life of a job", () => {
  const lives = [true, false].map((accounting): Life => {
    const how = accounting ? "with accounting" : "without accounting";
    return { open: ownTestbed({ accounting }), how, accounting };
  });
  lives.forEach(defineSlow);
  lives.forEach(defineQuick);
});

/** A cluster of the tests' own, and whether it has accounting, in words. */
interface Life {
  readonly open: Opener;
  readonly how: string;
  readonly accounting: boolean;
}

/** They wait for Slurm's own clocks. */
function defineSlow({ open, how }: Life): void {
  test.concurrent(`its time is over, ${how}`, async () => {
    await using fixture = await open();
    const handle = await fixture.start({
      sh: "sleep 600",
      resources: { timeLimitSeconds: 60, partition: "short" },
    });
    expect(await fixture.end(handle, 200_000)).toMatchObject({ state: "timed_out", attempt: 1 });
  }, 240_000);

  test.concurrent(`its node is lost, and it may start again, ${how}`, async () => {
    await using fixture = await open();
    const handle = await startOn(fixture, "n3", {
      sh: "echo attempt $SLIPWAY_ATTEMPT; sleep 600",
      sbatch: { requeue: true },
    });
    await fixture.until(handle, "running");
    await open.testbed().killNode("n3");
    const queued = await eventually(
      "the requeue",
      async () => {
        const seen = await fixture.status(handle);
        if (seen && !["running", "queued", "unknown"].includes(seen.state)) throw new Error(`It is ${seen.state}`);
        return seen?.attempt === 2 ? seen : undefined;
      },
      90_000,
    );
    expect(queued.state).toBe("queued");
    await fixture.executor.cancel([handle]);
    expect((await fixture.end(handle)).state).toBe("cancelled");
  }, 120_000);

  test.concurrent(`its node is lost, and it may not start again, ${how}`, async () => {
    await using fixture = await open();
    const handle = await startOn(fixture, "n4", { sh: "sleep 600", sbatch: { requeue: false } });
    await fixture.until(handle, "running");
    await open.testbed().killNode("n4");
    expect(await fixture.end(handle, 90_000)).toMatchObject({ state: "failed", reason: "node_failed" });
  }, 120_000);
}

function defineQuick({ open, how, accounting }: Life): void {
  test.concurrent(`success, ${how}`, async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: "echo done" });
    expect(summary(await fixture.end(handle))).toEqual({ state: "succeeded", exitCode: 0, attempt: 1 });
    expect(await fixture.log(handle)).toBe("done\n");
  });

  test.concurrent(`exit 3, ${how}`, async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: "exit 3" });
    expect(summary(await fixture.end(handle))).toEqual({ state: "failed", exitCode: 3, attempt: 1 });
  });

  test.concurrent(`the script itself is killed, ${how}`, async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: "kill -KILL $(ps -o ppid= -p $PPID); exec sleep 60" });
    expect(await fixture.end(handle)).toMatchObject({ state: "failed", attempt: 1 });
    if (accounting) await eventually("its accounting", async () => (await fixture.status(handle))?.signal === 9);
  });

  test.concurrent(`the payload exits with 137, ${how}`, async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: "exit 137" });
    expect(summary(await fixture.end(handle))).toEqual({ state: "failed", exitCode: 137, attempt: 1 });
  });

  test.concurrent(`cancelled while it waits, ${how}`, async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sbatch: { begin: "now+1hour" } });
    const queued = await eventually("the reason", async () => {
      const seen = await fixture.status(handle);
      return seen?.reason === undefined ? undefined : seen;
    });
    expect(summary(queued)).toEqual({ state: "queued", reason: "BeginTime", attempt: 1 });
    await fixture.executor.cancel([handle]);
    const { startedAt, ...ended } = await fixture.end(handle);
    expect([summary(ended), startedAt]).toEqual([{ state: "cancelled", attempt: 1 }, undefined]);
  });

  test.concurrent(`cancelled while it runs, ${how}`, async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: "echo ready; exec sleep 600" });
    await eventually("the log", async () => (await fixture.log(handle)) === "ready\n");
    await fixture.executor.cancel([handle]);
    expect(summary(await fixture.end(handle))).toEqual({ state: "cancelled", signal: 15, attempt: 1 });
  });

  test.concurrent(`cancelled although it ignores TERM: running until it is really gone, ${how}`, async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: "trap '' TERM; echo ready; while :; do sleep 1; done" });
    await eventually("the log", async () => (await fixture.log(handle)) === "ready\n");
    await fixture.executor.cancel([handle]);
    expect(await fixture.status(handle)).toMatchObject({ state: "running", reason: "completing" });
    expect((await fixture.end(handle)).state).toBe("cancelled");
  });

  test.concurrent(`requeued while it runs: the same id, the next attempt, both logs, ${how}`, async () => {
    await using fixture = await open();
    const handle = await fixture.start({
      sh: 'echo "attempt $SLIPWAY_ATTEMPT"; [ "$SLIPWAY_ATTEMPT" = 2 ] || exec sleep 600',
    });
    await eventually("the log", async () => (await fixture.log(handle)) === "attempt 1\n");
    const followed = fixture.log(handle, { follow: true });
    followed.catch(() => {}); // Looked at below, unless something else is wrong before that.
    await scontrol(open.testbed(), "requeue", handle);
    const queued = await eventually("the next attempt", async () => {
      const seen = await fixture.status(handle);
      return seen?.attempt === 2 ? seen : undefined;
    });
    expect(queued.state).toBe("queued");
    await hurry(open.testbed(), handle, queued);
    expect(summary(await fixture.end(handle))).toEqual({ state: "succeeded", exitCode: 0, attempt: 2 });
    expect([await fixture.log(handle, { attempt: 1 }), await fixture.log(handle)]).toEqual([
      "attempt 1\n",
      "attempt 2\n",
    ]);
    expect(await followed).toBe("attempt 1\nattempt 2\n");
  });

  test.concurrent(`requeued after its end, while it is remembered, ${how}`, async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: 'echo "attempt $SLIPWAY_ATTEMPT"; [ "$SLIPWAY_ATTEMPT" = 2 ]' });
    expect(summary(await fixture.end(handle))).toEqual({ state: "failed", exitCode: 1, attempt: 1 });
    await scontrol(open.testbed(), "requeue", handle);
    const again = await eventually("the next attempt", async () => {
      const seen = await fixture.status(handle);
      return seen?.attempt === 2 ? seen : undefined;
    });
    expect(again.state).toBe("queued");
    await hurry(open.testbed(), handle, again);
    expect(summary(await fixture.end(handle))).toEqual({ state: "succeeded", exitCode: 0, attempt: 2 });
  });

  test.concurrent(`an array with one failure is failed when all its members have ended, ${how}`, async () => {
    await using fixture = await open();
    const handle = await fixture.start({
      sh: 'echo "member $SLURM_ARRAY_TASK_ID"; exit "$SLURM_ARRAY_TASK_ID"',
      array: { indices: [0, 3, 4], maxRunning: 2 },
    });
    const ended = await fixture.end(handle);
    expect(ended.state).toBe("failed");
    expect(membersOf(ended)).toEqual([
      { state: "succeeded", exitCode: 0 },
      { state: "failed", exitCode: 3 },
      { state: "failed", exitCode: 4 },
    ]);
    expect(await fixture.log(handle, { arrayIndex: 3 })).toBe("member 3\n");
  });

  test.concurrent(`a heterogeneous job with one failure has failed, ${how}`, async () => {
    await using fixture = await open();
    const part = (name: string, code: number, cpusPerTask: number) => ({
      name,
      command: { kind: "argv", argv: ["sh", "-c", `exit ${code}`] } as const,
      resources: { cpusPerTask },
      env: {},
    });
    const handle = await fixture.start({ group: [part("a", 0, 1), part("b", 6, 2)] });
    const ended = await fixture.end(handle);
    expect(summary(ended)).toEqual({ state: "failed", reason: "member_failed", exitCode: 6, attempt: 1 });
    expect(ended.members?.find(({ name }) => name === "b")).toMatchObject({ state: "failed", exitCode: 6 });
  });

  test.concurrent(`a step fails and the script goes on: what the script returned, ${how}`, async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: "srun sh -c 'exit 9'; echo \"step $?\"; exit 0" });
    expect(summary(await fixture.end(handle))).toEqual({ state: "succeeded", exitCode: 0, attempt: 1 });
    expect(await fixture.log(handle)).toContain("step 9\n");
  });

  test.concurrent(`it may not start again, and stays as it is when it is asked to, ${how}`, async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: "exit 3", sbatch: { requeue: false } });
    await fixture.end(handle);
    const { exitCode, stderr } = await open.testbed().slurm("scontrol", "requeue", handle.id.split(".")[1] ?? "");
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("disabled")]);
    expect(summary(await fixture.status(handle))).toEqual({ state: "failed", exitCode: 3, attempt: 1 });
  });

  test.concurrent(`forgotten by slurmctld: told by accounting, or by its own evidence, ${how}`, async () => {
    await using fixture = await open();
    const handles = await fixture.executor.submit([
      fixture.plan({ name: "good", sh: "exit 0" }),
      fixture.plan({ name: "bad", sh: "exit 5" }),
    ]);
    await Promise.all(handles.map((handle) => fixture.end(handle)));
    await eventually(
      "Slurm to forget",
      async () => {
        const { stdout } = await open.testbed().slurm("squeue", "-h", "-t", "all", "-o", "%F");
        return handles.every(({ id }) => !stdout.split("\n").includes(id.split(".")[1] ?? ""));
      },
      90_000,
    );
    const statuses = await fixture.executor.poll(handles);
    expect(handles.map(({ id }) => summary(statuses.get(id)))).toEqual([
      { state: "succeeded", exitCode: 0, attempt: 1 },
      { state: "failed", exitCode: 5, attempt: 1 },
    ]);
    await fixture.executor.cancel(handles); // Exit 0 and silent.
  }, 120_000);

  test.concurrent(`it uses more memory than it asked for, ${how}`, async ({ skip }) => {
    if (!open.testbed().limitsMemory) skip("this machine's cgroups do not limit memory");
    await using fixture = await open();
    const eat = "x=a; while :; do x=$x$x; done";
    const handle = await fixture.start({ argv: ["bash", "-c", eat], resources: { memoryMiB: 40 } });
    expect(await fixture.end(handle)).toMatchObject({ state: "failed", reason: "out_of_memory" });
  });
}

async function scontrol(
  testbed: Testbed,
  word: "requeue" | "update",
  handle: JobHandle,
  ...rest: readonly string[]
): Promise<void> {
  const id = handle.id.split(".")[1] ?? "";
  const what = word === "update" ? `JobId=${id}` : id;
  const { exitCode, stderr } = await testbed.slurm("scontrol", word, what, ...rest);
  expect([exitCode, stderr]).toEqual([0, ""]);
}

/** A requeued job waits two minutes otherwise. Started within the second of its requeue, its node refuses its credential. */
async function hurry(testbed: Testbed, handle: JobHandle, { submittedAt = "" }: JobStatus): Promise<void> {
  await eventually("the second to be over", () => Date.now() > Date.parse(submittedAt) + 2_000);
  await scontrol(testbed, "update", handle, "StartTime=now");
}

async function startOn(fixture: Fixture, node: string, job: TestJob): Promise<JobHandle> {
  const others = ["n1", "n2", "n3", "n4"].filter((name) => name !== node).join(",");
  return fixture.start({ ...job, sbatch: { ...job.sbatch, exclude: others } });
}

function membersOf(status: JobStatus) {
  return (status.members ?? []).map(({ state, exitCode }) => ({ state, exitCode }));
}
