import type { JobStatus } from "@slipway/core";

import type { CommandEnd, EndRecord, JobEvidence } from "../evidence.ts";
import { readSlurmExitCode } from "./exit-code.ts";
import type { MemberEvidence } from "./member.ts";
import type { AccountingRow } from "./sacct.ts";
import type { QueueRow } from "./squeue.ts";
import { stateFacts } from "./states.ts";
import type { SlurmStateFacts } from "./states.ts";

export type Verdict = Pick<JobStatus, "state" | "reason" | "exitCode" | "signal">;

export interface DatedEvidence extends MemberEvidence {
  /** The wrapper's word, where it is about the last start. */
  readonly current: JobEvidence | undefined;
}

export function verdictOfMember(seen: DatedEvidence): Verdict {
  if (seen.queueRow) return verdictOfQueue(seen.queueRow, seen);
  const newest = seen.accountingRows.at(-1);
  const last = newest && beganAgainAfter(newest, seen) ? undefined : newest;
  const facts = last && stateFacts(last.state);
  if (last && facts?.phase === "ended") return verdictOfAccounting(last, facts, seen);
  // Accounting has no word about the end: it may be late, or not exist.
  if (seen.current?.end) return verdictOfWrapper(seen.current.end, seen);
  if (seen.queueIsKnown) {
    if (seen.cancel) return { state: "cancelled" };
    return { state: "unknown", reason: "forgotten" };
  }
  if (last && facts?.phase === "queued" && last.state.name !== "REQUEUED") return { state: "queued" };
  if (last && facts?.phase === "running") return { state: "running", ...reasonOf(facts) };
  return { state: "unknown", reason: "scheduler_silent" };
}

/** True when the wrapper has begun since the end that a row tells of: the row is about an earlier start. */
function beganAgainAfter({ endedAt }: QueueRow | AccountingRow, { current }: DatedEvidence): boolean {
  const start = current?.start?.at;
  return endedAt !== undefined && start !== undefined && Date.parse(start) > Date.parse(endedAt);
}

function verdictOfQueue(row: QueueRow, seen: DatedEvidence): Verdict {
  const facts = stateFacts(row.state);
  if (!facts) return { state: "unknown", reason: "unknown_state" };
  switch (facts.phase) {
    case "queued":
      // The wrapper has begun since squeue was asked.
      if (seen.current?.start) return { state: "running" };
      return { state: "queued", ...(row.reason !== undefined && { reason: row.reason }) };
    case "running":
    case "completing":
      return { state: "running", ...reasonOf(facts) };
    case "withdrawn":
      return { state: "unknown", ...reasonOf(facts) };
    case "ended":
      if (beganAgainAfter(row, seen)) return { state: "running" };
      return verdictOfEnded(row, facts, seen) ?? stillToCome(facts, seen);
  }
}

function verdictOfAccounting(row: AccountingRow, facts: SlurmStateFacts, seen: DatedEvidence): Verdict {
  return verdictOfEnded(row, facts, seen) ?? { state: "unknown", ...reasonOf(facts) };
}

/** How long a job that Slurm may start again must be gone before its end is believed. */
const settledAfterMs = 5 * 60_000;

/** Undefined while Slurm may put the job back in the queue. */
function verdictOfEnded(
  row: QueueRow | AccountingRow,
  facts: SlurmStateFacts,
  seen: DatedEvidence,
): Verdict | undefined {
  const { requeue, absentSince, now } = seen.all;
  if (facts.mayRequeue && requeue !== false) {
    const since = Math.max(Date.parse(row.endedAt ?? now), Date.parse(absentSince ?? row.endedAt ?? now));
    if (Number.isNaN(since) || Date.parse(now) - since < settledAfterMs) return undefined;
  }
  const told = tellEnd(row, seen.current);
  if (facts.outcome === "succeeded") return { state: "succeeded", exitCode: 0 };
  if (facts.outcome === "failed") {
    return facts.reason === undefined
      ? { state: "failed", ...told }
      : { state: "failed", ...numbersOf(told), ...reasonOf(facts) };
  }
  const numbers = numbersOf(recorded(seen.current));
  if (facts.outcome === "timed_out") return { state: "timed_out", ...numbers, ...reasonOf(facts) };
  return { state: "cancelled", ...numbers, ...reasonOfCancelling(row, seen.current) };
}

function stillToCome(facts: SlurmStateFacts, { all }: DatedEvidence): Verdict {
  return { state: all.requeue === true ? "queued" : "unknown", ...reasonOf(facts) };
}

type ToldEnd = Pick<JobStatus, "reason" | "exitCode" | "signal">;

/** The numbers of a failure: the wrapper's, which are exact, unless they tell of a success that Slurm does not know of. */
function tellEnd(row: QueueRow | AccountingRow, current: JobEvidence | undefined): ToldEnd {
  const wrapper = recorded(current);
  if (wrapper.exitCode !== undefined && wrapper.exitCode !== 0) return wrapper;
  if (wrapper.signal !== undefined) return wrapper;
  if ("exit" in row && row.exit) {
    const { reason, ...numbers } = readSlurmExitCode(row.exit);
    // OUT_OF_MEMORY tells that itself; a step's may stand here too.
    return { ...numbers, ...(reason !== undefined && { reason }) };
  }
  const [, signal] = ("reason" in row && /^RaisedSignal:(\d{1,3})\b/.exec(row.reason ?? "")) || [];
  if (signal !== undefined) return readSlurmExitCode({ code: 0, signal: Number(signal) });
  const couldNotStart = "reason" in row && row.reason === "JobLaunchFailure" && !current?.start;
  return couldNotStart ? { reason: "launch_failed" } : {};
}

function recorded(current: JobEvidence | undefined): ToldEnd {
  const end: CommandEnd | undefined = current?.end ?? current?.status;
  const exitCode = end?.exitCode ?? end?.shellStatus;
  const reason = end?.reason ?? (end?.shellStatus === undefined ? undefined : "exit_or_signal");
  return {
    ...(exitCode !== undefined && { exitCode }),
    ...(end?.signal !== undefined && { signal: end.signal }),
    ...(reason !== undefined && { reason }),
  };
}

/** Only the wrapper knows the end: slurmctld has forgotten it or does not answer, accounting is late or there is none. */
function verdictOfWrapper(end: EndRecord, { current, cancel, all, queueIsKnown }: DatedEvidence): Verdict {
  const { reason, ...numbers } = recorded(current);
  // It asked to begin again: then it waits, or somebody has ended it since.
  if (end.next !== undefined)
    return cancel ? { state: "cancelled", ...numbers } : { state: "unknown", reason: "requeued" };
  if (end.outcome === "cancelled" || (end.reason === "terminated" && cancel)) return { state: "cancelled", ...numbers };
  if (end.outcome === "timed_out") return { state: "timed_out", ...numbers };
  if (end.reason === "terminated") {
    // Slurm was ending the job: for its time limit, for whoever cancelled it, or, while it is not forgotten, to start it again.
    const lastedMs = Date.parse(end.at) - Date.parse(current?.start?.at ?? end.at);
    if (all.timeLimitSeconds !== undefined && lastedMs >= all.timeLimitSeconds * 1000)
      return { state: "timed_out", ...numbers };
    return queueIsKnown
      ? { state: "cancelled", ...numbers, reason: "terminated" }
      : { state: "unknown", reason: "terminated" };
  }
  return { state: end.exitCode === 0 ? "succeeded" : "failed", ...numbers, ...(reason !== undefined && { reason }) };
}

function numbersOf({ exitCode, signal }: ToldEnd): Pick<JobStatus, "exitCode" | "signal"> {
  return { ...(exitCode !== undefined && { exitCode }), ...(signal !== undefined && { signal }) };
}

function reasonOf({ reason }: SlurmStateFacts): Pick<JobStatus, "reason"> {
  return reason === undefined ? {} : { reason };
}

function reasonOfCancelling(
  row: QueueRow | AccountingRow,
  current: JobEvidence | undefined,
): Pick<JobStatus, "reason"> {
  const isForNeeds = "reason" in row && row.reason === "DependencyNeverSatisfied";
  return isForNeeds || current?.end?.reason === "dependency_failed" ? { reason: "dependency_failed" } : {};
}
