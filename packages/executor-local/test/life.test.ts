import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { eventually } from "@slipway/testing";
import { expect, test } from "vitest";

import { env, openFixture } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";

const endless = "echo ready; while :; do sleep 1; done";

test("a job outlives the process that submitted it, killed outright", async () => {
  await using fixture = await openFixture();
  const plans = [
    fixture.plan({ name: "first", sh: 'until [ -e "$SLIPWAY_RUN_DIR/go" ]; do sleep 0.1; done; echo first' }),
    fixture.plan({ name: "second", sh: "echo second", needs: [{ job: "first", type: "ok" }] }),
  ];
  const script = `
    import { createLocalExecutor } from "@slipway/executor-local";
    const { home, plans } = JSON.parse(process.env.SUBMISSION);
    const handles = await createLocalExecutor({ home, env: { PATH: process.env.PATH } }).submit(plans);
    console.log(JSON.stringify(handles));
    setInterval(() => {}, 1000);`;
  const submitter = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: import.meta.dirname,
    env: { ...env, SUBMISSION: JSON.stringify({ home: fixture.home, plans }) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [printed] = (await once(submitter.stdout, "data")) as [Buffer];
  submitter.kill("SIGKILL");
  await once(submitter, "exit");
  const handles = plans.map((plan) => ({
    id: plan.token,
    experiment: plan.experiment,
    job: plan.job.name,
    runDir: plan.runDir,
  }));
  expect(JSON.parse(printed.toString())).toEqual(handles);
  const [first, second] = handles;
  if (!first || !second) throw new Error("Two plans give two handles");
  await fixture.until(first, "running");
  expect((await fixture.status(second))?.state).toBe("queued");
  await writeFile(path.join(first.runDir, "run", "go"), "");
  expect(await fixture.log(second, { follow: true })).toBe("second\n");
  expect([(await fixture.end(first)).state, (await fixture.end(second)).state]).toEqual(["succeeded", "succeeded"]);
});

test("without its wrapper a job is unknown while its command lives, and failed after that", async () => {
  await using fixture = await openFixture();
  const { handle, wrapper, group } = await startEndless(fixture);
  process.kill(wrapper, "SIGKILL");
  const unknown = await fixture.until(handle, "unknown");
  expect([unknown.reason, unknown.evidence.map(({ value }) => value)]).toEqual([
    "wrapper_killed",
    [`pid ${wrapper}`, "started", `wrapper ${wrapper} is gone`, `group ${group} is alive`],
  ]);
  process.kill(-group, "SIGKILL");
  expect(await fixture.end(handle)).toMatchObject({ state: "failed", reason: "wrapper_killed" });
});

test.runIf(process.platform === "linux")(
  "members of the command's group keep it alive when their leader is gone",
  async () => {
    await using fixture = await openFixture();
    const handle = await fixture.start({ sh: "sleep 600 & echo begun; sleep 600" });
    const { wrapper, group } = await processesOf(fixture, handle.runDir);
    await eventually("its child to run", async () => (await fixture.log(handle)) === "begun\n");
    const runner = Number((await stat(group)).split(" ")[1]);
    process.kill(runner, "SIGSTOP"); // So that nobody takes the leader's end for the job's.
    process.kill(wrapper, "SIGKILL");
    process.kill(runner, "SIGKILL");
    process.kill(group, "SIGKILL");
    await fixture.until(handle, "unknown");
    await fixture.executor.cancel([handle]);
    expect(await fixture.end(handle)).toMatchObject({ state: "cancelled", reason: "wrapper_killed" });
  },
);

test("cancels the command itself when its wrapper is gone", async () => {
  await using fixture = await openFixture();
  const { handle, wrapper, group } = await startEndless(fixture);
  process.kill(wrapper, "SIGKILL");
  await fixture.until(handle, "unknown");
  await fixture.executor.cancel([handle]);
  expect(await fixture.end(handle)).toMatchObject({ state: "cancelled", reason: "wrapper_killed" });
  expect(await readFile(`/proc/${group}/stat`, "utf8").catch(() => "gone")).toMatch(/gone|\) Z /);
});

test("a process that has a job's number and is not the job is neither taken for it nor signalled", async () => {
  await using fixture = await openFixture();
  const { handle, wrapper, group } = await startEndless(fixture);
  process.kill(wrapper, "SIGKILL");
  process.kill(-group, "SIGKILL");
  await fixture.end(handle);
  const bystander = spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
  const pid = bystander.pid ?? 0;
  for (const [file, before] of [
    ["commit", wrapper],
    ["attempt-1.group", group],
  ] as const) {
    const record = path.join(handle.runDir, file);
    await writeFile(record, (await readFile(record, "utf8")).replace(`pid=${before}\n`, `pid=${pid}\n`));
  }
  expect(await fixture.status(handle)).toMatchObject({
    state: "failed",
    reason: "wrapper_killed",
    nativeId: String(pid),
  });
  await fixture.executor.cancel([handle]);
  await fixture.executor.cancel([handle], { signalName: "KILL" });
  const ended = once(bystander, "exit");
  bystander.kill("SIGUSR1"); // The first signal that reaches it.
  expect(await ended).toEqual([null, "SIGUSR1"]);
});

test("a job of an earlier boot has failed with the machine", async () => {
  await using fixture = await openFixture();
  const { handle, group } = await startEndless(fixture);
  const commit = path.join(handle.runDir, "commit");
  const text = await readFile(commit, "utf8");
  await writeFile(commit, text.replace(/^boot=.*$/m, "boot=an-earlier-one"));
  expect(await fixture.status(handle)).toMatchObject({ state: "failed", reason: "host_rebooted" });
  await fixture.executor.cancel([handle]);
  expect(process.kill(-group, 0)).toBe(true);
  await writeFile(commit, text);
  await fixture.executor.cancel([handle]);
  await fixture.end(handle);
});

test("kills what does not end in time when it is cancelled", async () => {
  await using fixture = await openFixture();
  const plan = fixture.plan({ sh: `trap '' TERM; ${endless}` });
  const files = plan.files.map((file) => ({
    ...file,
    content: file.content.replace("grace_seconds=10", "grace_seconds=1"),
  }));
  const [handle] = await fixture.executor.submit([{ ...plan, files }]);
  if (!handle) throw new Error("No handle");
  await eventually("the trap", async () => (await fixture.log(handle)) === "ready\n");
  await fixture.executor.cancel([handle]);
  const { evidence: _, ...status } = await fixture.end(handle);
  expect(status).toMatchObject({ state: "cancelled", signal: 9 });
});

test("records who cancelled a job", async () => {
  await using fixture = await openFixture({ user: "ada l" });
  const { handle } = await startEndless(fixture);
  await fixture.executor.cancel([handle]);
  const { evidence } = await fixture.end(handle);
  expect(evidence.map(({ source, value }) => `${source}: ${value}`)).toContain("cancel: asked by ada_l");
});

test("refuses a signal that does not exist", async () => {
  await using fixture = await openFixture();
  const handle = await fixture.start({});
  await expect(fixture.executor.cancel([handle], { signalName: "UST1" })).rejects.toMatchObject({
    code: "EXECUTOR_UNKNOWN_SIGNAL",
    hint: "Did you mean USR1?",
  });
  await fixture.end(handle);
});

test("ends a job at its time limit", async () => {
  await using fixture = await openFixture();
  const handle = await fixture.start({ sh: endless, resources: { timeLimitSeconds: 1 } });
  expect(await fixture.end(handle)).toMatchObject({ state: "timed_out", signal: 15 });
});

test("follows a queued job that never gets a log", async () => {
  await using fixture = await openFixture();
  const [first, second] = await fixture.executor.submit([
    fixture.plan({ name: "first", sh: endless }),
    fixture.plan({ name: "second", needs: [{ job: "first", type: "ok" }] }),
  ]);
  if (!first || !second) throw new Error("No handles");
  const followed = fixture.log(second, { follow: true });
  await fixture.executor.cancel([first]);
  expect(await followed).toBe("");
  expect(await fixture.end(second)).toMatchObject({ state: "cancelled", reason: "dependency_failed" });
});

test("knows nothing of a job whose run directory is gone", async () => {
  await using fixture = await openFixture();
  const handle = await fixture.start({});
  await fixture.end(handle);
  await rm(handle.runDir, { recursive: true });
  expect(await fixture.executor.poll([handle])).toEqual(new Map());
  await fixture.executor.cancel([handle]);
  await expect(fixture.log(handle)).rejects.toMatchObject({
    code: "EXECUTOR_JOB_NOT_FOUND",
    message: `The run directory of job job is gone: ${handle.runDir}`,
  });
});

async function startEndless(fixture: Fixture) {
  const handle = await fixture.start({ sh: endless });
  return { handle, ...(await processesOf(fixture, handle.runDir)) };
}

async function processesOf(_: Fixture, runDir: string): Promise<{ wrapper: number; group: number }> {
  const pidIn = async (file: string) =>
    Number(/^pid=(\d+)$/m.exec(await readFile(path.join(runDir, file), "utf8").catch(() => ""))?.[1] ?? 0);
  const group = await eventually("the command", async () => (await pidIn("attempt-1.group")) || undefined);
  return { wrapper: await pidIn("commit"), group };
}

/** What follows the name in /proc/pid/stat. */
async function stat(pid: number): Promise<string> {
  return ((await readFile(`/proc/${pid}/stat`, "utf8")).split(") ").at(-1) ?? "").trim();
}
