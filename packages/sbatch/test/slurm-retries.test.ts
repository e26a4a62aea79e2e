import { writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";

import type { Retries } from "@slipway/core";
import { judgeSlurmJob } from "@slipway/sbatch";
import { eventually } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { exited, shells } from "./bench.ts";
import { openSlurmBench } from "./slurm-bench.ts";
import type { SlurmBench, SlurmJob } from "./slurm-bench.ts";
import { askedAt, record } from "./slurm-rows.ts";

/** With an scontrol that keeps what it was asked. */
async function open(program: string, scontrol = "exit 0"): Promise<SlurmBench> {
  const bench = await openSlurmBench(program);
  await bench.install("scontrol", `echo "$@" >>"${path.join(bench.path, "asked")}"; ${scontrol}`);
  return bench;
}

/** Attempts one after another, as Slurm makes them: what each was, and what it asked for. */
async function attempts(bench: SlurmBench, job: SlurmJob, count: number) {
  await bench.prepare(job);
  const seen: string[] = [];
  for (let restart = 0; restart < count; restart++) {
    const code = await exited(bench.start(restart === 0 ? {} : { SLURM_RESTART_COUNT: String(restart) }));
    const end = (await bench.files())[`attempt-${restart + 1}.exit`] ?? "";
    const words = ["outcome", "reason", "next"].flatMap((key) => new RegExp(`^${key}=(.*)$`, "m").exec(end)?.[1] ?? []);
    seen.push([code, ...words].join(" "));
  }
  return seen;
}

const failing = (retries: Retries | undefined, sh = "exit 3"): SlurmJob => ({
  sh,
  job: { ...(retries && { retries }) },
});

describe.concurrent.each(shells)("budgets, with $name", ({ program }) => {
  test("without any, no end begins again", async () => {
    await using bench = await open(program);
    expect(await attempts(bench, failing(undefined, "exit 75"), 1)).toEqual(["75 ended"]);
    expect(await attempts(bench, failing({}, "exit 3"), 1)).toEqual(["3 ended"]);
  });

  test("of failures are counted over attempts", async () => {
    await using bench = await open(program);
    expect(await attempts(bench, failing({ failed: 2 }), 3)).toEqual(["3 ended 2", "3 ended 3", "3 ended"]);
  });

  test("of requests are unlimited, or as many as they say", async () => {
    await using bench = await open(program);
    expect(await attempts(bench, failing({}, "exit 75"), 2)).toEqual(["75 ended 2", "75 ended 3"]);
    await using other = await open(program);
    expect(await attempts(other, failing({ requested: 1, failed: 9 }, "exit 75"), 2)).toEqual([
      "75 ended 2",
      "75 ended",
    ]);
  });

  test("ask Slurm for the job's own id, of an array for the element's", async () => {
    await using bench = await open(program, "exit 1");
    await bench.prepare({ sh: "exit 75", job: { retries: {}, array: { indices: [4] } } });
    await exited(bench.start({ SLURM_JOB_ID: "296", SLURM_ARRAY_JOB_ID: "295", SLURM_ARRAY_TASK_ID: "4" }));
    const files = await bench.files();
    expect(files["array-4.attempt-1.log"]).toBe("slipway: cannot begin again: scontrol requeue 295_4: \n");
    expect(files["array-4.attempt-1.exit"]).toMatch(/^version=1\noutcome=ended\nexit=75\nat=.*\nend=1\n$/);
  });

  test("of preemptions and lost nodes are counted by what the attempts before left", async () => {
    await using bench = await open(program);
    await bench.prepare(failing({ preempted: 1, nodeFailed: 0 }, "exit 0"));
    const start = record("attempt=1", "at=2026-01-02T03:04:05Z");
    const terminated = record("outcome=ended", "signal=15", "reason=terminated", "at=2026-01-02T03:04:06Z");
    const leave = (name: string, text: string) => writeFile(path.join(bench.runDir, name), text);
    await leave("attempt-1.start", start);
    await leave("attempt-1.exit", terminated);
    expect(await exited(bench.start({ SLURM_RESTART_COUNT: "1" }))).toBe(0);
    await leave("attempt-2.exit", terminated);
    expect(await exited(bench.start({ SLURM_RESTART_COUNT: "2" }))).toBe(1);
    const files = await bench.files();
    expect([files["attempt-3.log"], files["attempt-3.exit"]]).toEqual([
      "slipway: not begun again: preempted 2 times, 1 allowed\n",
      expect.stringContaining("\nexit=1\nreason=retries_exhausted\n"),
    ]);
    await leave("attempt-4.start", start);
    expect(await exited(bench.start({ SLURM_RESTART_COUNT: "4" }))).toBe(1);
    expect((await bench.files())["attempt-5.log"]).toMatch(/^slipway: not begun again: /);
  });

  test("of time-outs: the command is ended when its limit is near, and begins again", async () => {
    await using bench = await open(program);
    await bench.prepare(
      failing({ timeout: 1 }, "trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.1; done"),
    );
    const first = bench.start();
    const end = exited(first);
    await eventually("the trap", async () => (await bench.files())["attempt-1.log"] === "ready\n");
    first.kill("SIGXCPU");
    await end;
    const files = await bench.files();
    expect(files["attempt-1.exit"]).toMatch(/\noutcome=timed_out\nexit=0\nnext=2\n/);
    expect(files["attempt-1.log"]).toContain("saved\n");
    const second = bench.start({ SLURM_RESTART_COUNT: "1" });
    const over = exited(second);
    await eventually("the trap", async () => (await bench.files())["attempt-2.log"] === "ready\n");
    second.kill("SIGXCPU"); // No budget is left: it has the rest of its time.
    const told = "slipway: the time limit is near, after which it does not begin again\n";
    await eventually("the word", async () => (await bench.files())["attempt-2.log"] === `ready\n${told}`);
    second.kill("SIGTERM");
    await over;
    expect((await bench.files())["attempt-2.exit"]).toMatch(/\noutcome=ended\nexit=0\nreason=terminated\n/);
  });

  test("of a job that was told to end are not touched", async () => {
    await using bench = await open(program);
    await bench.prepare(failing({ failed: 5 }, "echo ready; exec sleep 60"));
    const script = bench.start();
    const end = exited(script);
    await eventually("the command", async () => (await bench.files())["attempt-1.log"] === "ready\n");
    await writeFile(path.join(bench.runDir, "cancel"), record("by=ada", "at=2026-01-02T03:04:05Z"));
    script.kill("SIGTERM");
    await end;
    expect((await bench.files())["attempt-1.exit"]).toMatch(/^version=1\noutcome=cancelled\nsignal=15\nat=/);
  });
});

describe.concurrent.each(shells)("an end that all processes are told of, with $name", ({ program }) => {
  test("is known as such, although the command hears of it first", async () => {
    await using bench = await open(program);
    await bench.prepare(failing({ preempted: 0, failed: 3 }, "echo ready; exec sleep 60"));
    const script = bench.start();
    const end = exited(script);
    await eventually("the command", async () => (await bench.files())["attempt-1.log"] === "ready\n");
    const group = /^pid=(\d+)$/m.exec((await bench.files())["attempt-1.group"] ?? "")?.[1];
    process.kill(-Number(group), "SIGTERM");
    script.kill("SIGTERM");
    await end;
    expect((await bench.files())["attempt-1.exit"]).toMatch(/\noutcome=ended\nsignal=15\nreason=terminated\nat=/);
  });
});

test("a job that asked to begin again is not final, whatever Slurm has forgotten", () => {
  const files = {
    "attempt-1.start": record("attempt=1", "at=2026-01-02T03:04:05Z"),
    "attempt-1.exit": record("outcome=ended", "exit=75", "next=2", "at=2026-01-02T03:04:06Z"),
  };
  const { state, reason } = judgeSlurmJob({ id: "295", token: "e.j.1", files, now: askedAt });
  expect([state, reason]).toEqual(["unknown", "requeued"]);
});
