import { judgeLocalJob, parseEvidence } from "@slipway/sbatch";
import type { Liveness } from "@slipway/sbatch";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const at = "2026-01-02T03:04:05Z";
const commit = record("token=e.j.1", "pid=4711", "start=99", "boot=b1", `at=${at}`);
const start = record("attempt=1", `at=${at}`);
const group = record("pid=4712", "start=100", "session=4711", "boot=b1");
const cancel = record("by=ada", `at=${at}`);

function record(...lines: readonly string[]): string {
  return ["version=1", ...lines, "end=1", ""].join("\n");
}

describe("reading evidence", () => {
  test("gives every record its types", () => {
    const files = {
      commit,
      cancel,
      "attempt-1.start": start,
      "attempt-1.group": group,
      "attempt-1.status": record("exit=127", "reason=command_not_found"),
      "attempt-1.exit": record("outcome=timed_out", "signal=15", `at=${at}`),
    };
    expect(parseEvidence(files)).toEqual({
      attempt: 1,
      commit: { token: "e.j.1", pid: 4711, start: "99", boot: "b1", at },
      cancel: { by: "ada", at },
      start: { at },
      group: { pid: 4712, start: "100", session: 4711, boot: "b1" },
      status: { exitCode: 127, reason: "command_not_found" },
      end: { outcome: "timed_out", signal: 15, at },
      unreadable: [],
    });
  });

  test("is about the last attempt", () => {
    const files = { "attempt-1.exit": record("outcome=ended", "exit=1", `at=${at}`), "attempt-10.start": start };
    expect(parseEvidence(files)).toEqual({ attempt: 10, start: { at }, unreadable: [] });
  });

  test.each([
    ["", "is not a whole record of version 1"],
    ["version=1\nexit=0\n", "is not a whole record of version 1"],
    [commit.slice(0, -1), "is not a whole record of version 1"],
    [commit.replace("version=1", "version=2"), "is not a whole record of version 1"],
    [commit.replace("pid=4711", "pid=1"), 'has pid="1" where a number from 2 to 2147483647 is expected'],
    [commit.replace("pid=4711", "pid=-4711"), 'has pid="-4711" where a number from 2 to 2147483647 is expected'],
    [commit.replace("pid=4711", "pid=0x10"), 'has pid="0x10" where a number from 2 to 2147483647 is expected'],
    [commit.replace("start=99\n", ""), "lacks start"],
    [commit.replace("pid=4711", "pid=4711\npid=4712"), 'has a line that cannot be read: "pid=4712"'],
    [commit.replace("pid=4711", "PID 4711"), 'has a line that cannot be read: "PID 4711"'],
    [commit.replace(at, "yesterday"), 'has at="yesterday" where a time is expected'],
  ])("trusts no record that is not exactly one: %j", (text, why) => {
    expect(parseEvidence({ commit: text })).toEqual({ attempt: 1, unreadable: [{ file: "commit", why }] });
  });

  test.each([
    ["exit=256", "exit=0", "exit"],
    ["signal=0", "signal=1", "signal"],
  ])("knows the range of %s", (wrong, right) => {
    const parse = (line: string) => parseEvidence({ "attempt-1.status": record(line) });
    expect([parse(wrong).unreadable.length, parse(right).unreadable.length]).toEqual([1, 0]);
  });

  test("does not believe two ends of one command, nor an outcome that it does not know", () => {
    for (const lines of [
      ["outcome=ended", "exit=0", "signal=9"],
      ["outcome=fine", "exit=0"],
    ]) {
      const { end, unreadable } = parseEvidence({ "attempt-1.exit": record(...lines, `at=${at}`) });
      expect([end, unreadable.length]).toEqual([undefined, 1]);
    }
  });

  test("never throws, whatever the files hold", () => {
    const name = fc.constantFrom("commit", "cancel", "attempt-1.exit", "attempt-1.start", "attempt-2.group", "job.sh");
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fc.string()).map((lines) => record(...lines)),
    );
    fc.assert(
      fc.property(fc.dictionary(name, text), (files) => {
        expect(parseEvidence(files).attempt).toBeGreaterThan(0);
      }),
    );
  });
});

describe("judging a job", () => {
  const alive: Liveness = { boot: "b1", wrapper: true, group: true, at };
  const gone: Liveness = { boot: "b1", wrapper: false, group: false, at };
  const running = { commit, "attempt-1.start": start, "attempt-1.group": group };
  const judge = (files: Readonly<Record<string, string>>, liveness: Liveness) => {
    const { evidence: _, ...status } = judgeLocalJob(parseEvidence(files), liveness);
    return status;
  };
  const ended = (...lines: readonly string[]) =>
    judge({ ...running, "attempt-1.exit": record(...lines, `at=${at}`) }, gone);
  const known = { attempt: 1, nativeId: "4711", submittedAt: at };
  const started = { ...known, startedAt: at };
  const over = { ...started, endedAt: at };

  test("queued: committed, and not started", () => {
    expect(judge({ commit }, alive)).toEqual({ ...known, state: "queued" });
  });

  test("running: started, and its wrapper lives", () => {
    expect(judge(running, alive)).toEqual({ ...started, state: "running" });
  });

  test.each([
    [["outcome=ended", "exit=0"], { state: "succeeded", exitCode: 0 }],
    [["outcome=ended", "exit=3"], { state: "failed", exitCode: 3 }],
    [["outcome=ended", "exit=137"], { state: "failed", exitCode: 137 }],
    [["outcome=ended", "signal=9"], { state: "failed", signal: 9 }],
    [["outcome=ended", "shell_status=137"], { state: "failed", exitCode: 137, reason: "exit_or_signal" }],
    [
      ["outcome=ended", "exit=127", "reason=command_not_found"],
      { state: "failed", exitCode: 127, reason: "command_not_found" },
    ],
    [["outcome=ended", "reason=not_started"], { state: "failed", reason: "not_started" }],
    [["outcome=ended", "exit=0", "reason=terminated"], { state: "succeeded", exitCode: 0, reason: "terminated" }],
    [["outcome=timed_out", "signal=15"], { state: "timed_out", signal: 15 }],
    [["outcome=cancelled", "exit=0"], { state: "cancelled", exitCode: 0 }],
    [["outcome=cancelled", "reason=cancelled"], { state: "cancelled" }],
    [["outcome=cancelled", "reason=dependency_failed"], { state: "cancelled", reason: "dependency_failed" }],
  ])("ended: %j", (lines, status) => {
    expect(ended(...lines)).toEqual({ ...over, ...status });
  });

  test("never running for ever: without wrapper and end it is unknown while the command lives, and failed after that", () => {
    expect(judge(running, { ...gone, group: true })).toEqual({
      ...started,
      state: "unknown",
      reason: "wrapper_killed",
    });
    expect(judge(running, gone)).toEqual({ ...started, state: "failed", reason: "wrapper_killed" });
    expect(judge({ commit }, gone)).toEqual({ ...known, state: "failed", reason: "wrapper_killed" });
  });

  test("tells how the command ended although its wrapper is gone", () => {
    const files = { ...running, "attempt-1.status": record("signal=11") };
    expect(judge(files, gone)).toEqual({ ...started, state: "failed", reason: "wrapper_killed", signal: 11 });
  });

  test("cancelled: asked for, and nothing lives, although the wrapper left no word", () => {
    expect(judge({ ...running, cancel }, gone)).toEqual({ ...started, state: "cancelled", reason: "wrapper_killed" });
  });

  test("failed with the machine, when it was started again since", () => {
    expect(judge(running, { ...alive, boot: "b2" })).toEqual({ ...started, state: "failed", reason: "host_rebooted" });
  });

  test("an end that was recorded counts after that too", () => {
    const files = { ...running, "attempt-1.exit": record("outcome=ended", "exit=0", `at=${at}`) };
    expect(judge(files, { ...gone, boot: "b2" })).toEqual({ ...over, state: "succeeded", exitCode: 0 });
  });

  test("unknown: nothing committed, or a record that cannot be relied on", () => {
    expect(judge({}, gone)).toEqual({ attempt: 1, state: "unknown", reason: "not_started" });
    expect(judge({ ...running, "attempt-1.exit": "torn" }, gone)).toEqual({
      ...started,
      state: "unknown",
      reason: "evidence_unreadable",
    });
    expect(judge({ commit: "torn" }, gone)).toEqual({ attempt: 1, state: "unknown", reason: "evidence_unreadable" });
  });

  test("says what the state rests on", () => {
    expect(judgeLocalJob(parseEvidence({ ...running, cancel }), alive).evidence).toEqual([
      { source: "commit", at, value: "pid 4711" },
      { source: "cancel", at, value: "asked by ada" },
      { source: "attempt-1.start", at, value: "started" },
      { source: "process", at, value: "wrapper 4711 is alive" },
      { source: "process", at, value: "group 4712 is alive" },
    ]);
    expect(judgeLocalJob(parseEvidence({ commit }), { ...gone, boot: "b2" }).evidence).toEqual([
      { source: "commit", at, value: "pid 4711" },
      { source: "process", at, value: "the machine was started again since" },
    ]);
  });
});
