import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import type { JobHandle, MemberStatus } from "@slipway/core";
import { eventually, temporaryDirectory } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { openFixture, shellNamedSh, shells } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";

const sh = (text: string) => ({ kind: "argv", argv: ["sh", "-c", text] }) as const;
const brief = ({ name, state, exitCode, signal, reason }: MemberStatus) => ({
  name,
  state,
  ...(exitCode !== undefined && { exitCode }),
  ...(signal !== undefined && { signal }),
  ...(reason !== undefined && { reason }),
});
const briefly = (members: readonly MemberStatus[] = []) => members.map(brief);
const runPath = (handle: JobHandle, ...names: readonly string[]) => path.join(handle.runDir, "run", ...names);

/** Says that it began, and waits for a file. */
const waiting = 'echo begun; until [ -e "$SLIPWAY_RUN_DIR/go" ]; do sleep 0.05; done';

describe.each(shells)("with $name", ({ program }) => {
  const open = async (options: Parameters<typeof openFixture>[0] = {}) => {
    const folder = await temporaryDirectory();
    const fixture = await openFixture({ shell: await shellNamedSh(folder.path, program), ...options });
    const dispose = async () => {
      await fixture[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    };
    return { ...fixture, [Symbol.asyncDispose]: dispose };
  };

  test("an array runs its command once for each index, each with a log, a directory and an end of its own", async () => {
    await using fixture = await open();
    const handle = await fixture.start({
      sh: 'echo "element $SLIPWAY_ARRAY_INDEX in ${SLIPWAY_RUN_DIR##*/}"; exit "$SLIPWAY_ARRAY_INDEX"',
      array: { indices: [0, 3, 12] },
    });
    const status = await fixture.end(handle);
    expect([status.state, briefly(status.members)]).toEqual([
      "failed",
      [
        { name: "job_0", state: "succeeded", exitCode: 0 },
        { name: "job_3", state: "failed", exitCode: 3 },
        { name: "job_12", state: "failed", exitCode: 12 },
      ],
    ]);
    expect(status.members?.map(({ arrayIndex }) => arrayIndex)).toEqual([0, 3, 12]);
    expect(await fixture.log(handle, { arrayIndex: 12 })).toBe("element 12 in 12\n");
    expect((await readdir(path.join(handle.runDir, "run"))).toSorted()).toEqual(["0", "12", "3"]);
  });

  test("elements have commands of their own, and all of them succeeding is the array's success", async () => {
    await using fixture = await open();
    const element = (text: string) => ({ command: sh(`echo ${text}`), values: { text } });
    const handle = await fixture.start({
      array: { indices: [0, 1], elements: { 0: element("'a  b'"), 1: element("c") } },
    });
    expect(await fixture.end(handle)).toMatchObject({ state: "succeeded", exitCode: 0 });
    expect([await fixture.log(handle, { arrayIndex: 0 }), await fixture.log(handle, { arrayIndex: 1 })]).toEqual([
      "a  b\n",
      "c\n",
    ]);
  });

  test("no more elements run at the same time than are allowed, and those that wait are queued", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: waiting, array: { indices: [0, 1, 2, 3], maxRunning: 2 } });
    const states = async () => (await fixture.status(handle))?.members?.map(({ state }) => state);
    await eventually(
      "two elements to run",
      async () => (await states())?.filter((state) => state === "running").length === 2,
    );
    expect(await states()).toEqual(["running", "running", "queued", "queued"]);
    await writeFile(runPath(handle, "0", "go"), "");
    await eventually("the next one to run", async () => (await states())?.[2] === "running");
    expect(await states()).toEqual(["succeeded", "running", "running", "queued"]);
    await fixture.executor.cancel([handle]);
    expect(briefly((await fixture.end(handle)).members).map(({ state }) => state)).toEqual([
      "succeeded",
      "cancelled",
      "cancelled",
      "cancelled",
    ]);
    expect((await fixture.end(handle)).state).toBe("cancelled");
  });

  test("elements wait for the success of the elements that correspond to them", async () => {
    await using fixture = await open();
    const array = { indices: [0, 1, 2] };
    const [, second] = await fixture.executor.submit([
      fixture.plan({ name: "first", sh: "exit $((SLIPWAY_ARRAY_INDEX == 1))", array }),
      fixture.plan({ name: "second", sh: "exit 0", array, needs: [{ job: "first", type: "corresponding" }] }),
    ]);
    if (!second) throw new Error("No handle");
    expect(briefly((await fixture.end(second)).members)).toEqual([
      { name: "second_0", state: "succeeded", exitCode: 0 },
      { name: "second_1", state: "cancelled", reason: "dependency_failed" },
      { name: "second_2", state: "succeeded", exitCode: 0 },
    ]);
  });

  test("a group's members run at the same time, with variables and logs of their own", async () => {
    await using fixture = await open();
    const member = (name: string, other: string) => ({
      name,
      command: sh(
        `: >"$SLIPWAY_RUN_DIR/${name}"; until [ -e "$SLIPWAY_RUN_DIR/${other}" ]; do sleep 0.05; done; echo "$WHO $SHARED $SLIPWAY_MEMBER"`,
      ),
      resources: {},
      env: { WHO: `it's ${name}` },
    });
    const handle = await fixture.start({
      env: { SHARED: "s", WHO: "nobody" },
      group: [member("a", "b"), member("b", "a")],
    });
    const status = await fixture.end(handle);
    expect([status.state, status.exitCode, briefly(status.members)]).toEqual([
      "succeeded",
      0,
      [
        { name: "a", state: "succeeded", exitCode: 0 },
        { name: "b", state: "succeeded", exitCode: 0 },
      ],
    ]);
    expect([await fixture.log(handle, { rank: "a" }), await fixture.log(handle, { rank: "b" })]).toEqual([
      "it's a s a\n",
      "it's b s b\n",
    ]);
  });

  test("the first member that fails ends the others with TERM, and its end is the job's", async () => {
    await using fixture = await open();
    const handle = await startGroup(fixture, {
      server: `trap 'echo told; exit 0' TERM; ${waiting}`,
      client: 'until [ -s "$SLIPWAY_RUN_DIR/../attempt-1.server.log" ]; do sleep 0.05; done; exit 7',
    });
    const status = await fixture.end(handle);
    expect([status.state, status.exitCode, status.reason, briefly(status.members)]).toEqual([
      "failed",
      7,
      "member_failed",
      [
        { name: "server", state: "cancelled", exitCode: 0, reason: "group_ended" },
        { name: "client", state: "failed", exitCode: 7 },
      ],
    ]);
    expect(await fixture.log(handle, { rank: "server" })).toMatch(/^begun\n[^]*told\n$/);
  });

  test("the success of a member that ends the group is the job's", async () => {
    await using fixture = await open();
    const handle = await startGroup(fixture, { server: `exec sleep 300`, client: "exit 0" }, "client");
    const status = await fixture.end(handle);
    expect([status.state, status.exitCode, briefly(status.members)]).toEqual([
      "succeeded",
      0,
      [
        { name: "server", state: "cancelled", signal: 15, reason: "group_ended" },
        { name: "client", state: "succeeded", exitCode: 0 },
      ],
    ]);
  });

  test("cancelling a group cancels its members", async () => {
    await using fixture = await open();
    const handle = await startGroup(fixture, { a: "echo begun; exec sleep 300", b: "echo begun; exec sleep 300" });
    for (const rank of ["a", "b"])
      await eventually(`${rank} to run`, async () => (await fixture.log(handle, { rank })) === "begun\n");
    await fixture.executor.cancel([handle]);
    const status = await fixture.end(handle);
    expect([status.state, briefly(status.members)]).toEqual([
      "cancelled",
      [
        { name: "a", state: "cancelled", signal: 15 },
        { name: "b", state: "cancelled", signal: 15 },
      ],
    ]);
  });

  test("a group begins again as a whole", async () => {
    await using fixture = await open();
    const handle = await startGroup(
      fixture,
      { a: '[ "$SLIPWAY_ATTEMPT" = 2 ] || exit 3; echo again', b: "echo $SLIPWAY_ATTEMPT" },
      undefined,
      { retries: { failed: 1 } },
    );
    expect(await fixture.end(handle)).toMatchObject({
      state: "succeeded",
      attempt: 2,
      members: [{ attempt: 2 }, { attempt: 2 }],
    });
    expect([await fixture.log(handle, { rank: "a" }), await fixture.log(handle, { rank: "b" })]).toEqual([
      "again\n",
      "2\n",
    ]);
  });
});

test("what is left of an array whose wrapper was killed is told, and can be cancelled", async () => {
  await using fixture = await openFixture();
  const handle = await fixture.start({ sh: waiting, array: { indices: [0, 1, 2], maxRunning: 1 } });
  await eventually("an element to run", async () => (await fixture.status(handle))?.members?.[0]?.state === "running");
  process.kill(Number((await fixture.status(handle))?.nativeId), "SIGKILL");
  const unknown = await fixture.until(handle, "unknown");
  expect([unknown.reason, unknown.members?.[0]?.state]).toEqual(["wrapper_killed", "running"]);
  await fixture.executor.cancel([handle]);
  const status = await fixture.end(handle);
  expect([status.state, status.members?.[0]?.state]).toEqual(["cancelled", "cancelled"]);
});

test("a group whose member's wrapper was killed has failed, and the others are ended", async () => {
  await using fixture = await openFixture();
  const handle = await startGroup(fixture, { a: "exec sleep 300", b: "exec sleep 300" });
  const members = await eventually("both to run", async () => {
    const seen = (await fixture.status(handle))?.members;
    return seen?.every(({ state }) => state === "running") ? seen : undefined;
  });
  const groupFile = path.join(handle.runDir, "attempt-1.a.group");
  const group = await eventually("its command to run", async () =>
    existsSync(groupFile) ? /^pid=(\d+)$/m.exec(await readFile(groupFile, "utf8"))?.[1] : undefined,
  );
  process.kill(Number(members[0]?.nativeId), "SIGKILL");
  process.kill(-Number(group), "SIGKILL");
  const status = await fixture.end(handle);
  expect([status.state, status.members?.map(({ state, reason }) => [state, reason])]).toEqual([
    "failed",
    [
      ["failed", "wrapper_killed"],
      ["cancelled", "group_ended"],
    ],
  ]);
});

async function startGroup(
  fixture: Fixture,
  commands: Readonly<Record<string, string>>,
  ending?: string,
  job: Parameters<Fixture["start"]>[0] = {},
): Promise<JobHandle> {
  return fixture.start({
    ...job,
    group: Object.entries(commands).map(([name, text]) => ({
      name,
      command: sh(text),
      resources: {},
      env: {},
      ...(name === ending && { endsGroup: true }),
    })),
  });
}

test("elements of an array are cancelled alone: those that run, and those that have not begun, which are over at once", async () => {
  await using fixture = await openFixture();
  const script = 'trap "echo told" USR1; echo ready; until [ -e "$SLIPWAY_RUN_DIR/../go" ]; do sleep 0.05; done';
  const handle = await fixture.start({ sh: script, array: { indices: [0, 1, 2, 5], maxRunning: 2 } });
  for (const arrayIndex of [0, 1])
    await eventually("the log", async () => (await fixture.log(handle, { arrayIndex })) === "ready\n");
  await fixture.executor.cancel([handle], { arrayIndices: [0], signalName: "USR1" });
  await eventually("the signal", async () => (await fixture.log(handle, { arrayIndex: 0 })).endsWith("told\n"));
  await fixture.executor.cancel([handle], { arrayIndices: [5, 1] });
  const now = await fixture.status(handle);
  expect([now?.state, now?.members?.[0]?.state, now?.members?.[3]?.state]).toEqual(["running", "running", "cancelled"]);
  await writeFile(path.join(handle.runDir, "run/go"), "");
  const ended = await fixture.end(handle);
  expect([ended.state, ended.members?.map(({ arrayIndex, state }) => [arrayIndex, state])]).toEqual([
    "cancelled",
    [
      [0, "succeeded"],
      [1, "cancelled"],
      [2, "succeeded"],
      [5, "cancelled"],
    ],
  ]);
  expect(await fixture.log(handle, { arrayIndex: 1 })).not.toContain("told");
});
