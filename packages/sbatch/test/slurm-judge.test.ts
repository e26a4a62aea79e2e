import { judgeSlurmJob } from "@slipway/sbatch";
import type { SlurmJobEvidence } from "@slipway/sbatch";
import { describe, expect, test } from "vitest";

import { askedAt, attempt, record, sacct, squeue, squeueOfComponents } from "./slurm-rows.ts";

const nobody = { rows: [], unreadable: [], at: askedAt };

function judge(id: string, evidence: Partial<SlurmJobEvidence>) {
  return judgeSlurmJob({ id, token: "e.j.1", files: {}, now: askedAt, ...evidence });
}

/** State, reason, numbers and attempt: what the life table tells. */
function told(id: string, evidence: Partial<SlurmJobEvidence>) {
  const { state, reason, exitCode, signal, attempt: start } = judge(id, evidence);
  return {
    state,
    ...(reason !== undefined && { reason }),
    ...(exitCode !== undefined && { exitCode }),
    ...(signal !== undefined && { signal }),
    attempt: start,
  };
}

describe("the life of a job, as it was observed", () => {
  test("success: queued, running, succeeded, and that for ever", () => {
    const pending = squeue(["295|295|N/A|PENDING|None|2026-11-22T15:37:48|N/A|N/A|n/a|ok"]);
    const running = squeue([
      "295|295|N/A|RUNNING|None|2026-11-22T15:37:48|2026-11-22T15:37:48|2027-11-22T15:37:48|n1|ok",
    ]);
    const over = squeue([
      "295|295|N/A|COMPLETED|None|2026-11-22T15:37:48|2026-11-22T15:37:48|2026-11-22T15:37:50|n1|ok",
    ]);
    const accounted = sacct([
      "295|295|COMPLETED|0:0|0:0|2026-11-22T15:37:48|2026-11-22T15:37:48|2026-11-22T15:37:50|None|n1|ok",
    ]);
    const files = attempt(1, "2026-11-22T15:37:48Z", ["outcome=ended", "exit=0", "at=2026-11-22T15:37:50Z"]);
    expect([
      told("295", { squeue: pending }),
      told("295", { squeue: running, files: attempt(1, "2026-11-22T15:37:48Z") }),
      told("295", { squeue: over }),
      told("295", { squeue: nobody, sacct: accounted }),
      told("295", { squeue: nobody, files }),
    ]).toEqual([
      { state: "queued", attempt: 1 },
      { state: "running", attempt: 1 },
      ...Array.from({ length: 3 }, () => ({ state: "succeeded", exitCode: 0, attempt: 1 })),
    ]);
  });

  test("exit 3", () => {
    const seen = squeue([
      "296|296|N/A|FAILED|NonZeroExitCode|2026-11-22T15:38:14|2026-11-22T15:38:14|2026-11-22T15:38:15|n1|ex3",
    ]);
    const accounted = sacct([
      "296|296|FAILED|3:0|0:0|2026-11-22T15:38:14|2026-11-22T15:38:14|2026-11-22T15:38:15|None|n1|ex3",
    ]);
    const files = attempt(1, "2026-11-22T15:38:14Z", ["outcome=ended", "exit=3", "at=2026-11-22T15:38:15Z"]);
    const failed = { state: "failed", exitCode: 3, attempt: 1 };
    expect([
      told("296", { squeue: seen, files }),
      told("296", { squeue: nobody, sacct: accounted }),
      told("296", { squeue: nobody, files }),
      told("296", { squeue: seen }),
    ]).toEqual([failed, failed, failed, { state: "failed", attempt: 1 }]);
  });

  test("0:0 of a running job is no exit code", () => {
    const accounted = sacct(["296|296|RUNNING|0:0|0:0|2026-11-22T15:38:14|2026-11-22T15:38:14|Unknown|None|n1|ex3"]);
    expect(told("296", { sacct: accounted })).toEqual({ state: "running", attempt: 1 });
  });

  test("the script killed by a signal, in the words of two releases", () => {
    const old = squeue([
      "296|296|N/A|FAILED|JobLaunchFailure|2026-11-22T15:25:12|2026-11-22T15:25:13|2026-11-22T15:25:14|n1|sig",
    ]);
    const recent = squeue([
      "297|297|N/A|FAILED|RaisedSignal:11(Segmentation fault)|2026-11-22T15:38:20|2026-11-22T15:38:21|2026-11-22T15:38:22|n1|sig",
    ]);
    const accounted = sacct([
      "297|297|FAILED|0:11|0:0|2026-11-22T15:38:20|2026-11-22T15:38:21|2026-11-22T15:38:22|None|n1|sig",
    ]);
    expect([
      told("296", { squeue: old, files: attempt(1, "2026-11-22T15:25:13Z") }),
      told("296", { squeue: old }),
      told("297", { squeue: recent }),
      told("297", { squeue: nobody, sacct: accounted }),
    ]).toEqual([
      { state: "failed", attempt: 1 },
      { state: "failed", reason: "launch_failed", attempt: 1 },
      { state: "failed", signal: 11, attempt: 1 },
      { state: "failed", signal: 11, attempt: 1 },
    ]);
  });

  test("9:0 of an old release is told exactly by the wrapper, and as ambiguous without it", () => {
    const accounted = sacct([
      "297|297|FAILED|9:0|0:0|2026-11-22T15:25:19|2026-11-22T15:25:19|2026-11-22T15:25:20|None|n1|e137",
    ]);
    const exit = (line: string) =>
      attempt(1, "2026-11-22T15:25:19Z", ["outcome=ended", line, "at=2026-11-22T15:25:20Z"]);
    expect([
      told("297", { squeue: nobody, sacct: accounted, files: exit("exit=137") }),
      told("297", { squeue: nobody, sacct: accounted, files: exit("signal=9") }),
      told("297", { squeue: nobody, sacct: accounted }),
    ]).toEqual([
      { state: "failed", exitCode: 137, attempt: 1 },
      { state: "failed", signal: 9, attempt: 1 },
      { state: "failed", reason: "exit_or_signal", exitCode: 9, attempt: 1 },
    ]);
  });

  test("a failing step in a script that goes on: what the script returned", () => {
    const seen = squeue([
      "302|302|N/A|COMPLETED|None|2026-11-22T15:26:00|2026-11-22T15:26:00|2026-11-22T15:26:00|n1|fstep",
    ]);
    const accounted = sacct([
      "302|302|COMPLETED|0:0|5:0|2026-11-22T15:26:00|2026-11-22T15:26:00|2026-11-22T15:26:00|None|n1|fstep",
    ]);
    const succeeded = { state: "succeeded", exitCode: 0, attempt: 1 };
    expect([told("302", { squeue: seen }), told("302", { squeue: nobody, sacct: accounted })]).toEqual([
      succeeded,
      succeeded,
    ]);
  });

  test("cancelled while it waits: the reason it waited for is not why", () => {
    const seen = squeue([
      "299|299|N/A|CANCELLED|JobHeldUser|2026-11-22T15:38:32|2026-11-22T15:38:35|2026-11-22T15:38:35|n/a|cp",
    ]);
    expect(told("299", { squeue: seen })).toEqual({ state: "cancelled", attempt: 1 });
  });

  test("cancelled while it runs: running while it completes, then cancelled", () => {
    const completing = squeue([
      "302|302|N/A|COMPLETING|None|2026-11-22T15:38:55|2026-11-22T15:38:55|2026-11-22T15:38:58|n1|crt",
    ]);
    const accounted = sacct([
      "302|302|CANCELLED by 1001|0:0|0:0|2026-11-22T15:38:55|2026-11-22T15:38:55|2026-11-22T15:38:58|None|n1|crt",
    ]);
    const over = squeue([
      "302|302|N/A|CANCELLED|None|2026-11-22T15:38:55|2026-11-22T15:38:55|2026-11-22T15:38:58|n1|crt",
    ]);
    const files = attempt(1, "2026-11-22T15:38:55Z", [
      "outcome=ended",
      "signal=15",
      "reason=terminated",
      "at=2026-11-22T15:38:58Z",
    ]);
    expect([
      told("302", { squeue: completing, sacct: accounted }),
      told("302", { squeue: over, sacct: accounted }),
      told("302", { squeue: nobody, sacct: accounted, files }),
    ]).toEqual([
      { state: "running", reason: "completing", attempt: 1 },
      { state: "cancelled", attempt: 1 },
      { state: "cancelled", signal: 15, attempt: 1 },
    ]);
  });

  test("the time limit", () => {
    const seen = squeue([
      "359|359|N/A|TIMEOUT|TimeLimit|2026-11-22T15:47:35|2026-11-22T15:47:35|2026-11-22T15:49:44|n1|sg",
    ]);
    const accounted = sacct([
      "359|359|TIMEOUT|0:0|0:0|2026-11-22T15:47:35|2026-11-22T15:47:35|2026-11-22T15:49:44|None|n1|sg",
    ]);
    const files = attempt(1, "2026-11-22T15:47:35Z", [
      "outcome=ended",
      "exit=5",
      "reason=terminated",
      "at=2026-11-22T15:49:44Z",
    ]);
    expect([
      told("359", { squeue: seen }),
      told("359", { squeue: nobody, sacct: accounted, files }),
      // Without accounting: it was ended from outside, after its limit.
      told("359", { squeue: nobody, files, timeLimitSeconds: 60 }),
    ]).toEqual([
      { state: "timed_out", attempt: 1 },
      { state: "timed_out", exitCode: 5, attempt: 1 },
      { state: "timed_out", exitCode: 5, attempt: 1 },
    ]);
  });

  test("out of memory: 0:125 is no signal", () => {
    const seen = squeue([
      "1|1|N/A|OUT_OF_MEMORY|OutOfMemory|2026-11-22T15:46:02|2026-11-22T15:46:03|2026-11-22T15:46:05|n1|oom1",
    ]);
    const accounted = sacct([
      "1|1|OUT_OF_MEMORY|0:125|0:0|2026-11-22T15:46:02|2026-11-22T15:46:03|2026-11-22T15:46:05|None|n1|oom1",
    ]);
    const files = attempt(1, "2026-11-22T15:46:03Z", ["outcome=ended", "signal=9", "at=2026-11-22T15:46:05Z"]);
    expect([
      told("1", { squeue: seen }),
      told("1", { squeue: nobody, sacct: accounted }),
      told("1", { squeue: seen, files }),
    ]).toEqual([
      { state: "failed", reason: "out_of_memory", attempt: 1 },
      { state: "failed", reason: "out_of_memory", attempt: 1 },
      { state: "failed", reason: "out_of_memory", signal: 9, attempt: 1 },
    ]);
  });

  test("node lost, may be requeued: queued again under the same id, as the next attempt", () => {
    const again = squeue(["356|356|N/A|PENDING|BeginTime|2026-11-22T15:43:21|2026-11-22T15:45:22|NONE|n/a|nf"]);
    const accounted = sacct([
      "356|356|NODE_FAIL|0:0|0:0|2026-11-22T15:42:49|2026-11-22T15:42:49|2026-11-22T15:43:21|None|n2|nf",
    ]);
    const files = attempt(1, "2026-11-22T15:42:49Z");
    const queued = { state: "queued", reason: "BeginTime", attempt: 2 };
    expect([
      told("356", { squeue: again, sacct: accounted, files, requeue: true }),
      told("356", { squeue: again, sacct: accounted }),
      told("356", { squeue: again, files }),
    ]).toEqual([queued, queued, queued]);
  });

  test("node lost, for the instant before the job is put back, and for good", () => {
    const lost = squeue([
      "357|357|N/A|NODE_FAIL|NodeDown|2026-11-22T15:43:55|2026-11-22T15:43:55|2026-11-22T15:43:58|n2|nf2",
    ]);
    const accounted = sacct([
      "357|357|NODE_FAIL|1:0|0:0|2026-11-22T15:43:55|2026-11-22T15:43:55|2026-11-22T15:43:58|None|n2|nf2",
    ]);
    const [soon, late] = ["2026-11-22T15:44:10Z", "2026-11-22T15:48:58Z"];
    const failed = { state: "failed", reason: "node_failed", attempt: 1 };
    expect([
      told("357", { squeue: lost, requeue: false, now: soon }),
      told("357", { squeue: nobody, sacct: accounted, requeue: false, now: soon }),
      told("357", { squeue: lost, requeue: true, now: soon }),
      told("357", { squeue: lost, now: soon }),
      told("357", { squeue: nobody, sacct: accounted, requeue: true, now: soon }),
      told("357", { squeue: nobody, sacct: accounted, requeue: true, now: late }),
      told("357", { squeue: nobody, sacct: accounted, requeue: true, now: late, absentSince: soon }),
    ]).toEqual([
      failed,
      { ...failed, exitCode: 1 },
      { state: "queued", reason: "node_failed", attempt: 1 },
      { state: "unknown", reason: "node_failed", attempt: 1 },
      { state: "unknown", reason: "node_failed", attempt: 1 },
      { ...failed, exitCode: 1 },
      { state: "unknown", reason: "node_failed", attempt: 1 },
    ]);
  });

  test("requeued while it runs: queued as the next attempt, never finished", () => {
    const again = squeue(["321|321|N/A|PENDING|BeginTime|2026-11-22T15:41:16|2026-11-22T15:43:17|NONE|n/a|rq"]);
    const accounted = sacct([
      "321|321|REQUEUED|0:0|0:0|2026-11-22T15:41:13|2026-11-22T15:41:13|2026-11-22T15:41:16|None|n1|rq",
    ]);
    const files = attempt(1, "2026-11-22T15:41:13Z", [
      "outcome=ended",
      "exit=5",
      "reason=terminated",
      "at=2026-11-22T15:41:16Z",
    ]);
    expect([
      told("321", { squeue: again, sacct: accounted, files }),
      told("321", { squeue: nobody, sacct: accounted }),
      told("321", { sacct: accounted, files }),
    ]).toEqual([
      { state: "queued", reason: "BeginTime", attempt: 2 },
      { state: "unknown", reason: "forgotten", attempt: 1 },
      { state: "unknown", reason: "terminated", attempt: 1 },
    ]);
  });

  test("requeued after its end: what was final is queued again, then running, then ends as the new start does", () => {
    const first = attempt(1, "2026-11-22T15:41:42Z", ["outcome=ended", "exit=0", "at=2026-11-22T15:41:43Z"]);
    const second = attempt(2, "2026-11-22T15:43:48Z");
    const secondOver = attempt(2, "2026-11-22T15:43:48Z", ["outcome=ended", "exit=7", "at=2026-11-22T15:43:50Z"]);
    const oldRow = "322|322|COMPLETED|0:0|0:0|2026-11-22T15:41:42|2026-11-22T15:41:42|2026-11-22T15:41:43|None|n1|rqc";
    const again = squeue(["322|322|N/A|PENDING|None|2026-11-22T15:41:47|2026-11-22T15:43:48|NONE|n/a|rqc"]);
    const running = squeue(["322|322|N/A|RUNNING|None|2026-11-22T15:41:47|2026-11-22T15:43:48|NONE|n1|rqc"]);
    const waiting = "322|322|PENDING|0:0|0:0|2026-11-22T15:41:47|Unknown|Unknown|None|None assigned|rqc";
    expect([
      told("322", { squeue: again, sacct: sacct([oldRow]), files: first }),
      told("322", { squeue: again, sacct: sacct([oldRow, waiting]) }),
      told("322", { squeue: running, files: { ...first } }),
      told("322", { squeue: running, files: { ...first, ...second } }),
      // squeue was asked just before the wrapper began.
      told("322", { squeue: again, files: { ...first, ...second } }),
      // Accounting is late: its last record is about the first start.
      told("322", { squeue: nobody, sacct: sacct([oldRow]), files: { ...first, ...secondOver } }),
    ]).toEqual([
      { state: "queued", attempt: 2 },
      { state: "queued", attempt: 2 },
      { state: "running", attempt: 2 },
      { state: "running", attempt: 2 },
      { state: "running", attempt: 2 },
      { state: "failed", exitCode: 7, attempt: 2 },
    ]);
  });

  test("preempted: back in the queue, or, where it may not be, failed", () => {
    const accounted = sacct([
      "345|345|PREEMPTED|0:0|0:0|2026-11-22T15:48:38|2026-11-22T15:48:38|2026-11-22T15:48:41|None|n[1-2]|pl",
    ]);
    const completing = squeue(["345|345|N/A|COMPLETING|None|2026-11-22T15:48:38|2026-11-22T15:48:41|NONE|n1|pl"]);
    const again = squeue(["345|345|N/A|PENDING|BeginTime|2026-11-22T15:48:41|2026-11-22T15:50:42|NONE|n/a|pl"]);
    const over = squeue([
      "347|347|N/A|PREEMPTED|None|2026-11-22T15:48:57|2026-11-22T15:48:58|2026-11-22T15:49:01|n1|pl2",
    ]);
    expect([
      told("345", { squeue: completing, sacct: accounted, requeue: true }),
      told("345", { squeue: again, sacct: accounted, requeue: true }),
      told("347", { squeue: over, requeue: false }),
    ]).toEqual([
      { state: "running", reason: "completing", attempt: 1 },
      { state: "queued", reason: "BeginTime", attempt: 2 },
      { state: "failed", reason: "preempted", attempt: 1 },
    ]);
  });

  test("held after a requeue, suspended, and killed for a need that can never be met", () => {
    const held = squeue([
      "326|326|N/A|SPECIAL_EXIT|job requeued in held state|2026-11-22T15:42:58|2026-11-22T15:44:59|NONE|n/a|rqs",
    ]);
    const suspended = squeue([
      "328|328|N/A|SUSPENDED|None|2026-11-22T15:43:15|2026-11-22T15:43:16|2027-11-22T15:43:16|n1|sus",
    ]);
    const dead = squeue([
      "376|376|N/A|CANCELLED|DependencyNeverSatisfied|2026-11-22T15:53:16|2026-11-22T15:53:16|2026-11-22T15:53:16|n/a|dep",
    ]);
    expect([
      told("326", { squeue: held, files: attempt(1, "2026-11-22T15:42:57Z") }),
      told("328", { squeue: suspended }),
      told("376", { squeue: dead }),
    ]).toEqual([
      { state: "queued", reason: "job requeued in held state", attempt: 2 },
      { state: "running", reason: "suspended", attempt: 1 },
      { state: "cancelled", reason: "dependency_failed", attempt: 1 },
    ]);
  });

  test("killed so that the wrapper left no word: Slurm's word counts", () => {
    const accounted = sacct([
      "2134|2134|FAILED|0:9|0:0|2026-11-22T16:47:59|2026-11-22T16:47:59|2026-11-22T16:48:01|None|n1|k",
    ]);
    const files = attempt(1, "2026-11-22T16:47:59Z");
    expect(told("2134", { squeue: nobody, sacct: accounted, files })).toEqual({
      state: "failed",
      signal: 9,
      attempt: 1,
    });
  });

  test("could not be started: its output or its directory could not be opened", () => {
    const accounted = sacct([
      "468|468|FAILED|0:53|0:0|2026-11-22T16:00:00|2026-11-22T16:00:00|2026-11-22T16:00:00|None|n1|x",
    ]);
    const failed = { state: "failed", reason: "launch_failed", attempt: 1 };
    const seen = squeue([
      "468|468|N/A|FAILED|RaisedSignal:53(Real-time signal 19)|2026-11-22T16:00:00|2026-11-22T16:00:00|2026-11-22T16:00:00|n1|x",
    ]);
    expect([told("468", { squeue: nobody, sacct: accounted }), told("468", { squeue: seen })]).toEqual([
      failed,
      failed,
    ]);
  });

  test("forgotten: by evidence, else unknown", () => {
    const begun = attempt(1, "2026-11-22T15:37:48Z");
    const cancel = record("by=ada", "at=2026-11-22T15:38:00Z");
    expect([
      told("295", { squeue: nobody, sacct: nobody }),
      told("295", { squeue: nobody, sacct: nobody, files: begun }),
      told("295", { squeue: nobody, files: { ...begun, cancel } }),
      told("295", { squeue: nobody, cancelRecord: { by: "ada", at: askedAt } }),
      told("295", { files: begun }),
      told("295", {}),
    ]).toEqual([
      { state: "unknown", reason: "forgotten", attempt: 1 },
      { state: "unknown", reason: "forgotten", attempt: 1 },
      { state: "cancelled", attempt: 1 },
      { state: "cancelled", attempt: 1 },
      { state: "unknown", reason: "scheduler_silent", attempt: 1 },
      { state: "unknown", reason: "scheduler_silent", attempt: 1 },
    ]);
  });

  test("ended from outside, and nobody says why: cancelled, not failed", () => {
    const files = attempt(1, "2026-11-22T15:37:48Z", [
      "outcome=ended",
      "exit=0",
      "reason=terminated",
      "at=2026-11-22T15:37:50Z",
    ]);
    expect(told("295", { squeue: nobody, files, timeLimitSeconds: 3600 })).toEqual({
      state: "cancelled",
      reason: "terminated",
      exitCode: 0,
      attempt: 1,
    });
  });
});

describe("what is not believed", () => {
  test("a word that Slurm has not had so far is never final", () => {
    const seen = squeue(["7|7|N/A|FROBNICATED|None|2026-11-22T15:37:48|N/A|2026-11-22T15:37:50|n1|x"]);
    expect(judge("7", { squeue: seen })).toMatchObject({
      state: "unknown",
      reason: "unknown_state",
      nativeState: "FROBNICATED",
    });
  });

  test("another job with the same id: ids are given again", () => {
    const another = squeue(["295|295|N/A|FAILED|NonZeroExitCode|2026-11-22T15:37:48|N/A|N/A|n1|x"], {
      token: "e.j.12",
    });
    expect(told("295", { squeue: another })).toEqual({ state: "unknown", reason: "forgotten", attempt: 1 });
  });

  test("an answer whose line about the job cannot be read is no answer", () => {
    const broken = { rows: [], unreadable: ["295|295|RUN"], at: askedAt };
    const files = attempt(1, "2026-11-22T15:37:48Z");
    expect(told("295", { squeue: broken, files, cancelRecord: { by: "ada", at: askedAt } })).toEqual({
      state: "unknown",
      reason: "scheduler_silent",
      attempt: 1,
    });
  });

  test("a record that is torn: Slurm's word counts, and the record is named", () => {
    const accounted = sacct([
      "296|296|FAILED|3:0|0:0|2026-11-22T15:38:14|2026-11-22T15:38:14|2026-11-22T15:38:15|None|n1|ex3",
    ]);
    const status = judge("296", { squeue: nobody, sacct: accounted, files: { "attempt-1.exit": "torn" } });
    expect(status).toMatchObject({ state: "failed", exitCode: 3 });
    expect(status.evidence).toContainEqual({
      source: "attempt-1.exit",
      at: askedAt,
      value: "attempt-1.exit is not a whole record of version 1",
    });
  });
});

test("says what the state rests on, and when", () => {
  const seen = squeue([
    "302|302|N/A|CANCELLED|None|2026-11-22T15:38:55|2026-11-22T15:38:55|2026-11-22T15:38:58|n1|crt",
  ]);
  const accounted = sacct([
    "302|302|CANCELLED by 1001|0:0|0:0|2026-11-22T15:38:55|2026-11-22T15:38:55|2026-11-22T15:38:58|None|n1|crt",
  ]);
  const files = {
    ...attempt(1, "2026-11-22T15:38:55Z", ["outcome=cancelled", "signal=15", "at=2026-11-22T15:38:58Z"]),
    cancel: record("by=ada", "at=2026-11-22T15:38:57Z"),
  };
  expect(judge("302", { squeue: seen, sacct: accounted, files })).toEqual({
    state: "cancelled",
    signal: 15,
    nativeId: "302",
    nativeState: "CANCELLED",
    attempt: 1,
    submittedAt: "2026-11-22T15:38:55.000Z",
    startedAt: "2026-11-22T15:38:55Z",
    endedAt: "2026-11-22T15:38:58Z",
    evidence: [
      { source: "cancel", at: "2026-11-22T15:38:57Z", value: "asked by ada" },
      { source: "attempt-1.start", at: "2026-11-22T15:38:55Z", value: "started" },
      { source: "attempt-1.exit", at: "2026-11-22T15:38:58Z", value: "cancelled, signal 15" },
      { source: "squeue", at: askedAt, value: "CANCELLED" },
      { source: "sacct", at: askedAt, value: "CANCELLED by 1001 0:0" },
    ],
  });
});

describe("arrays", () => {
  const arrayIndices = [0, 1, 2, 3];
  const submitted = "2026-11-22T15:47:36";
  const member = (state: string, rawId: string, index: string | number, reason = "None") =>
    `${rawId}|332|${index}|${state}|${reason}|${submitted}|${submitted}|2026-11-22T15:47:38|n1|arr`;

  test("run while one does, and fail with the worst of them once all are over", () => {
    const during = squeue([
      `332|332|2-3%2|PENDING|JobArrayTaskLimit|${submitted}|N/A|N/A|n/a|arr`,
      member("COMPLETED", "334", 1),
      member("RUNNING", "333", 0),
    ]);
    const between = squeue([
      `332|332|2-3%2|PENDING|JobArrayTaskLimit|${submitted}|N/A|N/A|n/a|arr`,
      member("COMPLETED", "334", 1),
      member("COMPLETED", "333", 0),
    ]);
    const accounted = sacct([
      `333|332_0|COMPLETED|0:0|0:0|${submitted}|${submitted}|2026-11-22T15:47:38|None|n1|arr`,
      `334|332_1|COMPLETED|0:0|0:0|${submitted}|${submitted}|2026-11-22T15:47:38|None|n1|arr`,
      `335|332_2|FAILED|9:0|0:0|${submitted}|2026-11-22T15:47:39|2026-11-22T15:47:41|JobArrayTaskLimit|n1|arr`,
      `332|332_3|COMPLETED|0:0|0:0|${submitted}|2026-11-22T15:47:39|2026-11-22T15:47:41|JobArrayTaskLimit|n1|arr`,
    ]);
    const over = judge("332", { squeue: nobody, sacct: accounted, arrayIndices });
    expect([
      judge("332", { squeue: during, arrayIndices }).state,
      judge("332", { squeue: between, arrayIndices }).state,
    ]).toEqual(["running", "running"]);
    expect(over).toMatchObject({ state: "failed", exitCode: 9, endedAt: "2026-11-22T15:47:41.000Z" });
    expect(over.members?.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "332_0 succeeded",
      "332_1 succeeded",
      "332_2 failed",
      "332_3 succeeded",
    ]);
  });

  test("wait while all do", () => {
    const waiting = squeue([`332|332|0-3%2|PENDING|Priority|${submitted}|N/A|N/A|n/a|arr`]);
    expect([told("332", { squeue: waiting, arrayIndices }), told("332", { squeue: waiting })]).toEqual(
      Array.from({ length: 2 }, () => ({ state: "queued", reason: "Priority", attempt: 1 })),
    );
  });

  test("cancelled before they start", () => {
    const seen = squeue([`340|340|0-3|CANCELLED|JobHeldUser|${submitted}|${submitted}|${submitted}|n/a|arp`]);
    expect(told("340", { squeue: seen, arrayIndices })).toEqual({ state: "cancelled", attempt: 1 });
  });

  test("miss no member: one of which nothing is known makes the whole unknown", () => {
    const accounted = sacct(
      [0, 1, 3].map((index) => `333|332_${index}|COMPLETED|0:0|0:0|${submitted}|${submitted}|${submitted}|None|n1|arr`),
    );
    expect(told("332", { squeue: nobody, sacct: accounted, arrayIndices })).toEqual({
      state: "unknown",
      reason: "forgotten",
      attempt: 1,
    });
  });

  test("are judged by their own files where Slurm has forgotten them", () => {
    const files = Object.assign(
      {},
      ...arrayIndices.map((index) =>
        attempt(
          1,
          `${submitted}Z`,
          ["outcome=ended", `exit=${index === 2 ? 4 : 0}`, `at=${submitted}Z`],
          `array-${index}.`,
        ),
      ),
    );
    expect([told("332", { squeue: nobody, files, arrayIndices }), told("332", { squeue: nobody, files })]).toEqual(
      Array.from({ length: 2 }, () => ({ state: "failed", exitCode: 4, attempt: 1 })),
    );
  });

  test("of which one was put back in the queue are not over", () => {
    const seen = squeue([
      `2104|2104|2|PENDING|BeginTime|2026-11-22T16:20:00|N/A|N/A|n/a|a`,
      `2106|2104|1|COMPLETED|None|${submitted}|${submitted}|${submitted}|n1|a`,
    ]);
    expect(judge("2104", { squeue: seen, arrayIndices: [1, 2] }).state).toBe("running");
  });
});

describe("heterogeneous jobs", () => {
  test("fail when one component does", () => {
    const accounted = sacct([
      "341|341+0|COMPLETED|0:0|0:0|2026-11-22T15:48:16|2026-11-22T15:48:17|2026-11-22T15:48:19|None|n1|het",
      "342|341+1|FAILED|4:0|4:0|2026-11-22T15:48:16|2026-11-22T15:48:17|2026-11-22T15:48:19|None|n2|het",
    ]);
    expect(told("341", { squeue: nobody, sacct: accounted, hetComponents: 2 })).toEqual({
      state: "failed",
      exitCode: 4,
      attempt: 1,
    });
  });

  test("run on when one component was cancelled", () => {
    const seen = squeueOfComponents([
      ["343+0", "343|343|N/A|RUNNING|None|2026-11-22T15:48:28|2026-11-22T15:48:29|NONE|n1|hetc"],
      ["343+1", "344|344|N/A|CANCELLED|None|2026-11-22T15:48:28|2026-11-22T15:48:29|2026-11-22T15:48:32|n2|hetc"],
    ]);
    const status = judge("343", { squeue: seen });
    expect([status.state, status.members?.map(({ state }) => state)]).toEqual(["running", ["running", "cancelled"]]);
  });

  test("have one script, whose word is about all components", () => {
    const files = attempt(1, "2026-11-22T15:48:17Z", ["outcome=ended", "exit=4", "at=2026-11-22T15:48:19Z"]);
    expect(told("341", { squeue: nobody, files, hetComponents: 2 })).toEqual({
      state: "failed",
      exitCode: 4,
      attempt: 1,
    });
  });
});
