import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import type { GroupMember, JobStatus } from "@slipway/core";
import { eventually } from "@slipway/testing";
import { sharedTestbed } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { openFixture } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";
import { summary } from "./summary.ts";
import { isSupported } from "./testbed.ts";

describe.runIf(isSupported)("an array", () => {
  test.concurrent("runs a command of its own for each element, with what it was made of", async () => {
    await using fixture = await open();
    const element = (lr: string) => ({
      command: {
        kind: "argv",
        argv: ["sh", "-c", `echo ${lr} $SLIPWAY_ARRAY_INDEX $SLIPWAY_MATRIX_LR; [ ${lr} != b ]`],
      } as const,
      values: { lr: `it's ${lr}` },
    });
    const handle = await fixture.start({
      array: { indices: [0, 1, 4], maxRunning: 2, elements: { 0: element("a"), 1: element("b"), 4: element("c") } },
    });
    const ended = await fixture.end(handle);
    expect(summary(ended)).toEqual({ state: "failed", exitCode: 1, attempt: 1 });
    expect(membersOf(ended)).toEqual([
      [`${numberOf(handle.id)}_0`, 0, "succeeded", 0],
      [`${numberOf(handle.id)}_1`, 1, "failed", 1],
      [`${numberOf(handle.id)}_4`, 4, "succeeded", 0],
    ]);
    const logs = [0, 1, 4].map((arrayIndex) => fixture.log(handle, { arrayIndex }));
    expect(await Promise.all(logs)).toEqual(["a 0 it's a\n", "b 1 it's b\n", "c 4 it's c\n"]);
  });

  test.concurrent("of many different commands has them in a file beside the script", async () => {
    await using fixture = await open();
    const indices = Array.from({ length: 60 }, (_, index) => index);
    const elements = Object.fromEntries(
      indices.map((index) => [index, { command: { kind: "argv", argv: ["echo", `n ${index}`] } as const, values: {} }]),
    );
    const plan = fixture.plan({ array: { indices, elements } });
    const script = plan.files.find(({ path: name }) => name === plan.script)?.content;
    expect(script).toContain("\n. ./elements.sh\n");
    const [handle] = await fixture.executor.submit([plan]);
    if (!handle) throw new Error("No handle");
    expect((await fixture.end(handle, 90_000)).state).toBe("succeeded");
    expect(await fixture.log(handle, { arrayIndex: 59 })).toBe("n 59\n");
  }, 120_000);

  test.concurrent("with an index that the cluster would refuse is refused before it is submitted, with the limit", async () => {
    await using fixture = await open();
    expect(() => fixture.plan({ array: { indices: [0, 1001] } })).toThrow(
      expect.objectContaining({ code: "SBATCH_INVALID_VALUE", details: { maxArraySize: 1001 } }),
    );
  });

  test.concurrent("waits, element by element, for that of another array", async () => {
    await using fixture = await open();
    const array = { indices: [0, 1] };
    const [first, second] = await fixture.executor.submit([
      fixture.plan({ name: "first", array, sh: 'until [ -e "$SLIPWAY_RUN_DIR/go" ]; do sleep 0.1; done' }),
      fixture.plan({ name: "second", array, needs: [{ job: "first", type: "corresponding" }] }),
    ]);
    if (!first || !second) throw new Error("No handle");
    await eventually("the element", async () =>
      (await readdir(path.join(first.runDir, "run")).catch((): string[] => [])).includes("1"),
    );
    await writeFile(path.join(first.runDir, "run/1/go"), "");
    const seen = await eventually("the second's element", async () => {
      const status = await fixture.status(second);
      return status?.members?.some(({ state }) => state === "succeeded") ? status : undefined;
    });
    expect(seen.members?.map(({ arrayIndex, state }) => [arrayIndex, state])).toEqual([
      [0, "queued"],
      [1, "succeeded"],
    ]);
    await fixture.executor.cancel([first, second]);
  });
});

describe.runIf(isSupported)("a group", () => {
  const member = (name: string, sh: string, rest: Partial<GroupMember> = {}): GroupMember => ({
    name,
    command: { kind: "argv", argv: ["sh", "-c", sh] },
    resources: {},
    env: {},
    ...rest,
  });
  const server = member("server", 'echo "up $V"; exec sleep 600', { env: { V: "its own" } });

  test.concurrent("in one allocation ends when its client does, and each has its log", async () => {
    await using fixture = await open();
    const client = member("client", 'sleep 0.5; echo "asked $V"', { endsGroup: true });
    const handle = await fixture.start({ env: { V: "common" }, group: [server, client] });
    const ended = await fixture.end(handle);
    expect(summary(ended)).toEqual({ state: "succeeded", exitCode: 0, attempt: 1 });
    expect(
      ended.members?.map(({ name, state, reason, exitCode, signal }) => ({ name, state, reason, exitCode, signal })),
    ).toEqual([
      { name: "server", state: "cancelled", reason: "group_ended", signal: 15 },
      { name: "client", state: "succeeded", exitCode: 0 },
    ]);
    expect([await fixture.log(handle, { rank: "server" }), await fixture.log(handle, { rank: "client" })]).toEqual([
      "up its own\n",
      "asked common\n",
    ]);
    expect((await fixture.log(handle)).split("\n").toSorted()).toEqual(["", "asked common", "up its own"]);
  });

  test.concurrent("of different sizes is a heterogeneous job, whose first failure ends it", async () => {
    await using fixture = await open();
    const client = member("client", "echo on $SLURM_NODEID; sleep 0.5; exit 4", {
      resources: { cpusPerTask: 2, nodes: 2 },
    });
    const handle = await fixture.start({ group: [server, client] });
    const ended = await fixture.end(handle);
    expect(summary(ended)).toEqual({ state: "failed", reason: "member_failed", exitCode: 4, attempt: 1 });
    expect(ended.members?.map(({ name, state }) => [name, state])).toEqual([
      ["server", expect.stringMatching(/cancelled|failed/)],
      ["client", "failed"],
    ]);
    expect((await fixture.log(handle, { rank: "client" })).split("\n")).toEqual(
      expect.arrayContaining(["on 0", "on 1"]),
    );
    expect(await fixture.executor.submit([fixture.plan({ group: [server, client] })])).toEqual([handle]);
  });

  test.concurrent("is cancelled whole", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ group: [server, { ...server, name: "other" }] });
    await eventually("both", async () => (await fixture.log(handle)) === "up its own\nup its own\n");
    await fixture.executor.cancel([handle]);
    const ended = await fixture.end(handle);
    expect([ended.state, ended.members?.map(({ state }) => state)]).toEqual(["cancelled", ["cancelled", "cancelled"]]);
  });

  test.concurrent("has no log of a member whose name is a path", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ group: [member("a", "exit 0"), member("b", "exit 0")] });
    await expect(fixture.log(handle, { rank: "../x" })).rejects.toMatchObject({ code: "EXECUTOR_UNKNOWN_RANK" });
    await fixture.end(handle);
  });
});

describe.runIf(isSupported)("a job of several tasks", () => {
  test.concurrent("has one log, and one for each task", async () => {
    await using fixture = await open();
    const handle = await fixture.start({
      sh: 'echo "task $SLURM_PROCID"; [ "$SLURM_PROCID" != 1 ] || printf unended',
      resources: { nodes: 2, tasksPerNode: 2 },
    });
    expect((await fixture.end(handle)).state).toBe("succeeded");
    const ranks = [0, 1, 2, 3].map((rank) => fixture.log(handle, { rank }));
    expect(await Promise.all(ranks)).toEqual(["task 0\n", "task 1\nunended\n", "task 2\n", "task 3\n"]);
    const whole = await fixture.log(handle);
    for (const rank of [0, 1, 2, 3]) expect(whole).toContain(`task ${rank}`);
  });

  test.concurrent("fails as its failing task does", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: 'exit "$SLURM_PROCID"', resources: { tasksPerNode: 2 } });
    expect(summary(await fixture.end(handle))).toEqual({ state: "failed", exitCode: 1, attempt: 1 });
  });
});

describe.runIf(isSupported)("a copy of the code", () => {
  const sh = 'echo changed >>hello.txt && pwd -P && [ "$PWD" = "$SLIPWAY_CODE_DIR" ]';

  test.concurrent("can be written, is nobody else's, and is gone after a success", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ workdir: "copy", sh: `${sh}; exit 0` });
    expect(summary(await fixture.end(handle))).toEqual({ state: "succeeded", exitCode: 0, attempt: 1 });
    expect(await fixture.log(handle)).toBe(`${handle.runDir}/copy\n`);
    expect(await readdir(handle.runDir)).not.toContain("copy");
    expect(await readdir(path.join(handle.runDir, "code"))).not.toContain("hello.txt");
  });

  test.concurrent("stays after a failure", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ workdir: "copy", sh: "echo made >made.txt; exit 5" });
    expect(summary(await fixture.end(handle))).toEqual({ state: "failed", exitCode: 5, attempt: 1 });
    expect(await readFile(path.join(handle.runDir, "copy/made.txt"), "utf8")).toBe("made\n");
  });
});

describe.runIf(isSupported)("a run directory of another job", () => {
  test.concurrent("is where a chain goes on", async () => {
    await using fixture = await open();
    const sh = 'echo "$SLIPWAY_JOB" >>"$SLIPWAY_RUN_DIR/out"';
    const [first, second] = await fixture.executor.submit([
      fixture.plan({ name: "first", sh }),
      fixture.plan({ name: "second", sh, needs: [{ job: "first", type: "ok" }], runDirOf: "first" }),
    ]);
    if (!first || !second) throw new Error("No handle");
    await fixture.end(second);
    expect(await readFile(path.join(first.runDir, "run/out"), "utf8")).toBe("first\nsecond\n");
  });
});

async function open(): Promise<Fixture> {
  return openFixture(await sharedTestbed());
}

function numberOf(id: string): string {
  return id.slice(id.lastIndexOf(".") + 1);
}

function membersOf({ members = [] }: JobStatus) {
  return members.map(({ name, arrayIndex, state, exitCode }) => [name, arrayIndex, state, exitCode]);
}
