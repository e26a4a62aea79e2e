import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";

import type { JobHandle } from "@slipway/core";
import { createLocalExecutor } from "@slipway/executor-local";
import { eventually } from "@slipway/testing";
import { expect, test } from "vitest";

import { env, openFixture } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";

const failsUntil = (attempt: number, exitCode: number) =>
  `echo "attempt $SLIPWAY_ATTEMPT"; [ "$SLIPWAY_ATTEMPT" -ge ${attempt} ] || exit ${exitCode}`;

test("a job that fails begins again as often as its budget allows, in one run directory and with a log of each attempt", async () => {
  await using fixture = await openFixture();
  const handle = await fixture.start({ sh: failsUntil(3, 5), retries: { failed: 2 } });
  expect(await fixture.end(handle)).toMatchObject({ state: "succeeded", exitCode: 0, attempt: 3 });
  const logs = await Promise.all([1, 2, 3].map((attempt) => fixture.log(handle, { attempt })));
  expect(logs).toEqual(["attempt 1\n", "attempt 2\n", "attempt 3\n"]);
  expect(await fixture.log(handle)).toBe("attempt 3\n");
});

test("when the budget is spent the job has failed as its last attempt did", async () => {
  await using fixture = await openFixture();
  const handle = await fixture.start({ sh: "exit 5", retries: { failed: 1, timeout: 9 } });
  expect(await fixture.end(handle)).toMatchObject({ state: "failed", exitCode: 5, attempt: 2 });
});

test("exit code 75 of a job with retries asks to begin again, without a limit unless one is set", async () => {
  await using fixture = await openFixture();
  const [asks, limited, plain] = await fixture.executor.submit([
    fixture.plan({ name: "asks", sh: failsUntil(3, 75), retries: {} }),
    fixture.plan({ name: "limited", sh: failsUntil(9, 75), retries: { requested: 1, failed: 3 } }),
    fixture.plan({ name: "plain", sh: "exit 75" }),
  ]);
  if (!asks || !limited || !plain) throw new Error("No handles");
  expect(await fixture.end(asks)).toMatchObject({ state: "succeeded", attempt: 3 });
  expect(await fixture.end(limited)).toMatchObject({ state: "failed", exitCode: 75, attempt: 2 });
  expect(await fixture.end(plain)).toMatchObject({ state: "failed", exitCode: 75, attempt: 1 });
});

test("a time limit ends an attempt, and the job goes on while its budget for that lasts", async () => {
  await using fixture = await openFixture();
  const handle = await fixture.start({
    sh: '[ "$SLIPWAY_ATTEMPT" = 2 ] || exec sleep 300',
    resources: { timeLimitSeconds: 1 },
    retries: { timeout: 1 },
  });
  expect(await fixture.end(handle)).toMatchObject({ state: "succeeded", attempt: 2 });
  const never = await fixture.start({
    name: "never",
    sh: "exec sleep 300",
    resources: { timeLimitSeconds: 1 },
    retries: { failed: 5 },
  });
  expect(await fixture.end(never)).toMatchObject({ state: "timed_out", attempt: 1 });
});

test("a cancelled job does not begin again", async () => {
  await using fixture = await openFixture();
  const handle = await fixture.start({
    sh: "echo begun; exec sleep 300",
    retries: { failed: "unlimited", requested: 9 },
  });
  await begun(fixture, handle);
  await fixture.executor.cancel([handle]);
  expect(await fixture.end(handle)).toMatchObject({ state: "cancelled", attempt: 1 });
});

test("between its attempts a job is queued, and following its log goes through all of them", async () => {
  await using fixture = await openFixture();
  const handle = await fixture.start({ sh: failsUntil(5, 1), retries: { failed: "unlimited" } });
  expect(await fixture.log(handle, { follow: true, attempt: undefined })).toBe(
    [1, 2, 3, 4, 5].map((attempt) => `attempt ${attempt}\n`).join(""),
  );
  expect((await fixture.end(handle)).state).toBe("succeeded");
});

test("who needs a job waits for its last attempt", async () => {
  await using fixture = await openFixture();
  const [, ok, notok] = await fixture.executor.submit([
    fixture.plan({ name: "first", sh: failsUntil(2, 1), retries: { failed: 1 } }),
    fixture.plan({ name: "ok", needs: [{ job: "first", type: "ok" }] }),
    fixture.plan({ name: "notok", needs: [{ job: "first", type: "notok" }] }),
  ]);
  if (!ok || !notok) throw new Error("No handles");
  expect((await fixture.end(ok)).state).toBe("succeeded");
  expect(await fixture.end(notok)).toMatchObject({ state: "cancelled", reason: "dependency_failed" });
});

test("a warning comes before the time limit", async () => {
  await using fixture = await openFixture();
  const handle = await fixture.start({
    sh: "trap 'echo warned; exit 75' USR1; echo $SLIPWAY_ATTEMPT; [ $SLIPWAY_ATTEMPT = 1 ] || exit 0; while :; do sleep 0.1; done",
    resources: { timeLimitSeconds: 600 },
    warning: { signalName: "USR1", secondsBefore: 599 },
    retries: {},
  });
  expect(await fixture.end(handle)).toMatchObject({ state: "succeeded", attempt: 2 });
  expect(await fixture.log(handle, { attempt: 1 })).toMatch(/^1\n[^]*warned\n$/);
});

test("a copy of the code is writable, of each attempt's own, and gone after a success", async () => {
  await using fixture = await openFixture({ files: { "sub/value": "old\n" } });
  const handle = await fixture.start({
    sh: 'cat sub/value; echo new >sub/value && echo made >made && [ "$(pwd -P)" = "$(cd "$SLIPWAY_CODE_DIR" && pwd -P)" ] && cat sub/value; [ "$SLIPWAY_ATTEMPT" = 2 ]',
    workdir: "copy",
    retries: { failed: 1 },
  });
  expect((await fixture.end(handle)).state).toBe("succeeded");
  expect([await fixture.log(handle, { attempt: 1 }), await fixture.log(handle, { attempt: 2 })]).toEqual([
    "old\nnew\n",
    "old\nnew\n",
  ]);
  const copies = async () => (await readdir(handle.runDir)).filter((name) => name.endsWith(".code"));
  await eventually("the copy to go", async () => (await copies()).length === 1);
  expect(await copies()).toEqual(["attempt-1.code"]);
  expect(existsSync(path.join(fixture.code.directory, "made"))).toBe(false);
});

test("a chain goes on in the run directory of its first job", async () => {
  await using fixture = await openFixture();
  const line = 'echo "$SLIPWAY_JOB" >>"$SLIPWAY_RUN_DIR/steps"; cat "$SLIPWAY_RUN_DIR/steps"';
  const [, second] = await fixture.executor.submit([
    fixture.plan({ name: "train-1", sh: line }),
    fixture.plan({ name: "train-2", sh: line, needs: [{ job: "train-1", type: "any" }], runDirOf: "train-1" }),
  ]);
  if (!second) throw new Error("No handle");
  expect((await fixture.end(second)).state).toBe("succeeded");
  expect(await fixture.log(second)).toBe("train-1\ntrain-2\n");
});

test("a job waits for one of another experiment, and it is an error when that is not there", async () => {
  await using fixture = await openFixture();
  const [first] = await fixture.executor.submit([fixture.plan({ name: "first", sh: "exit 3" }, "earlier-1")]);
  if (!first) throw new Error("No handle");
  const need = (type: "ok" | "any") => [{ job: "first", type, experiment: "earlier-1" }] as const;
  const [any, ok] = await fixture.executor.submit([
    fixture.plan({ name: "any", needs: need("any") }),
    fixture.plan({ name: "ok", needs: need("ok") }),
  ]);
  if (!any || !ok) throw new Error("No handles");
  expect((await fixture.end(any)).state).toBe("succeeded");
  expect(await fixture.end(ok)).toMatchObject({ state: "cancelled", reason: "dependency_failed" });
  const lost = fixture.plan({ name: "lost", needs: [{ job: "gone", type: "ok", experiment: "earlier-1" }] });
  await expect(fixture.executor.submit([lost])).rejects.toMatchObject({
    code: "EXECUTOR_DEPENDENCY_UNKNOWN",
    message: "Job lost needs gone, which is no job of experiment earlier-1",
  });
});

const waits = 'echo begun; until [ -e "$SLIPWAY_RUN_DIR/go" ]; do sleep 0.05; done';

test("jobs that the processors do not suffice for wait in the order in which they came", async () => {
  await using fixture = await openFixture({ cores: 2 });
  const wide = await fixture.start({ name: "wide", sh: waits, resources: { cpusPerTask: 2 } });
  await begun(fixture, wide);
  const first = await fixture.start({ name: "first", sh: waits });
  await ticket(fixture, 1);
  const second = await fixture.start({ name: "second", sh: waits, resources: { cpusPerTask: 64 } });
  await ticket(fixture, 2);
  const third = await fixture.start({ name: "third", sh: "exit 0" });
  await ticket(fixture, 3);
  const states = async () =>
    Promise.all([first, second, third].map(async (handle) => (await fixture.status(handle))?.state));
  expect(await states()).toEqual(["queued", "queued", "queued"]);
  await go(wide);
  await begun(fixture, first);
  expect(await states()).toEqual(["running", "queued", "queued"]); // The third could run; the second came before it.
  await go(first);
  await begun(fixture, second);
  expect((await fixture.status(third))?.state).toBe("queued");
  await go(second);
  expect((await fixture.end(third)).state).toBe("succeeded");
  expect(await readdir(path.join(fixture.home, "slots"))).toEqual([]);
});

test("the processors of a job whose wrapper was killed are free again, and so is its place in the queue", async () => {
  await using fixture = await openFixture({ cores: 1 });
  const holder = await fixture.start({ name: "holder", sh: "echo begun; exec sleep 300" });
  await begun(fixture, holder);
  const waiter = await fixture.start({ name: "waiter", sh: waits });
  await ticket(fixture, 1);
  for (const handle of [waiter, holder]) process.kill(Number((await fixture.status(handle))?.nativeId), "SIGKILL");
  const next = await fixture.start({ name: "next", sh: "exit 0" });
  expect((await fixture.end(next)).state).toBe("succeeded");
  await fixture.executor.cancel([holder]);
});

test("a job that another one submits does not wait for the processors that this one has", async () => {
  await using fixture = await openFixture({ cores: 1 });
  const outer = await fixture.start({ name: "outer", sh: waits });
  await begun(fixture, outer);
  await using inside = createLocalExecutor({
    home: fixture.home,
    env: { ...env, SLIPWAY_RUN_DIR: "/of/outer" },
    cores: 1,
  });
  const [inner] = await inside.submit([fixture.plan({ name: "inner", sh: "exit 0" })]);
  if (!inner) throw new Error("No handle");
  expect((await fixture.end(inner)).state).toBe("succeeded");
  await go(outer);
  expect((await fixture.end(outer)).state).toBe("succeeded");
});

test("a job that waits for processors can be cancelled", async () => {
  await using fixture = await openFixture({ cores: 1 });
  const holder = await fixture.start({ name: "holder", sh: waits });
  await begun(fixture, holder);
  const waiter = await fixture.start({ name: "waiter", sh: "exit 0" });
  await ticket(fixture, 1);
  await fixture.executor.cancel([waiter]);
  const { state, startedAt } = await fixture.end(waiter);
  expect([state, startedAt]).toEqual(["cancelled", undefined]);
  await go(holder);
  expect((await fixture.end(holder)).state).toBe("succeeded");
  expect(await readdir(path.join(fixture.home, "slots"))).toEqual([]);
});

test("containers, mounts, sbatch's options and more processors than there are: a local run tells that it does not give them", async () => {
  await using fixture = await openFixture({ cores: 2 });
  const plan = fixture.plan({
    container: "torch",
    mounts: ["/a:/a"],
    sbatch: { constraint: "a100" },
    resources: { cpusPerTask: 3 },
  });
  expect(plan.warnings).toEqual([
    "A local job runs on this machine itself, not in the container torch",
    "A local job has no mounts: it sees this machine's folders",
    "This machine has 2 processors, not 3; the job gets them all",
    "Options of sbatch are ignored: constraint",
  ]);
});

async function begun(fixture: Fixture, handle: JobHandle): Promise<void> {
  await eventually(`${handle.job} to begin`, async () => (await fixture.log(handle)).includes("begun"));
}

async function go(handle: JobHandle): Promise<void> {
  await writeFile(path.join(handle.runDir, "run", "go"), "");
}

async function ticket(fixture: Fixture, count: number): Promise<void> {
  await eventually(`${count} jobs to wait`, async () => {
    const names = await readdir(path.join(fixture.home, "slots"));
    return names.filter((name) => name.startsWith("ticket-")).length === count;
  });
}
