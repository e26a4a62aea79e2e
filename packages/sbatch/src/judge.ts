import type { Evidence, JobStatus } from "@slipway/core";

import type { CommandEnd, EndRecord, JobEvidence } from "./evidence.ts";

/** What was seen of the job's processes, before its end was looked for. */
export interface Liveness {
  /** The host's boot now. */
  readonly boot: string;
  /** Whether the process that `commit` names lives. */
  readonly wrapper: boolean;
  /** Whether a process of the command's group lives. */
  readonly group: boolean;
  /** When it was looked at, ISO 8601 in UTC. */
  readonly at: string;
}

/**
 * A local job's state from its evidence and its processes. Only an end that is recorded, or that no process can still
 * bring about, is final. Look at the processes first and read `attempt-N.exit` after that: a wrapper that is gone has then
 * written what it ever will.
 */
export function judgeLocalJob(evidence: JobEvidence, alive: Liveness): JobStatus {
  const { attempt, commit, start, end } = evidence;
  return {
    ...verdict(evidence, alive),
    ...(commit && { nativeId: String(commit.pid), submittedAt: commit.at }),
    attempt,
    ...(start && { startedAt: start.at }),
    ...(end && end.next === undefined && { endedAt: end.at }),
    evidence: listEvidence(evidence, alive),
  };
}

type Verdict = Pick<JobStatus, "state" | "reason" | "exitCode" | "signal">;

function verdict({ attempt, commit, start, status, end, cancel, unreadable }: JobEvidence, alive: Liveness): Verdict {
  const decisive = ["commit", `attempt-${attempt}.exit`];
  if (end && end.next === undefined) return verdictOfEnd(end);
  if (unreadable.some(({ file }) => decisive.includes(file)))
    return { state: "unknown", reason: "evidence_unreadable" };
  if (!commit) return { state: "unknown", reason: "not_started" };
  if (commit.boot !== alive.boot) return { state: "failed", reason: "host_rebooted" };
  if (alive.wrapper) return { state: start && !end ? "running" : "queued" };
  if (alive.group) return { state: "unknown", reason: "wrapper_killed" };
  return { state: cancel ? "cancelled" : "failed", reason: "wrapper_killed", ...numbers(end ?? status) };
}

function verdictOfEnd(end: EndRecord): Verdict {
  const details = { ...numbers(end), ...reasonOf(end) };
  switch (end.outcome) {
    case "cancelled":
    case "timed_out":
      return { state: end.outcome, ...details };
    case "ended":
      return { state: end.exitCode === 0 ? "succeeded" : "failed", ...details };
  }
}

function reasonOf({ outcome, reason, shellStatus }: EndRecord): Pick<JobStatus, "reason"> {
  if (reason === outcome) return {};
  if (reason !== undefined) return { reason };
  return shellStatus === undefined ? {} : { reason: "exit_or_signal" };
}

function numbers(end: CommandEnd | undefined): Pick<JobStatus, "exitCode" | "signal"> {
  const exitCode = end?.exitCode ?? end?.shellStatus;
  return {
    ...(exitCode !== undefined && { exitCode }),
    ...(end?.signal !== undefined && { signal: end.signal }),
  };
}

function listEvidence(evidence: JobEvidence, alive: Liveness): readonly Evidence[] {
  const { attempt, commit, start, group, status, end, cancel, unreadable } = evidence;
  const seen: Evidence[] = [];
  if (commit) seen.push({ source: "commit", at: commit.at, value: `pid ${commit.pid}` });
  if (cancel) seen.push({ source: "cancel", at: cancel.at, value: `asked by ${cancel.by}` });
  if (start) seen.push({ source: `attempt-${attempt}.start`, at: start.at, value: "started" });
  if (end) {
    const next = end.next === undefined ? "" : `begins again as attempt ${end.next}`;
    const value = [end.outcome, describe(end), next].filter((part) => part !== "").join(", ");
    seen.push({ source: `attempt-${attempt}.exit`, at: end.at, value });
  }
  if (!end || end.next !== undefined) {
    if (status && !end) seen.push({ source: `attempt-${attempt}.status`, at: alive.at, value: describe(status) });
    if (commit) seen.push({ source: "process", at: alive.at, value: describeProcesses(evidence, alive) });
    if (group && alive.group) seen.push({ source: "process", at: alive.at, value: `group ${group.pid} is alive` });
  }
  for (const { file, why } of unreadable) seen.push({ source: file, at: alive.at, value: `${file} ${why}` });
  return seen;
}

function describeProcesses({ commit }: JobEvidence, { boot, wrapper }: Liveness): string {
  if (commit?.boot !== boot) return "the machine was started again since";
  return `wrapper ${commit.pid} is ${wrapper ? "alive" : "gone"}`;
}

function describe({ exitCode, signal, shellStatus, reason }: CommandEnd): string {
  const parts: string[] = [];
  if (exitCode !== undefined) parts.push(`exit ${exitCode}`);
  if (signal !== undefined) parts.push(`signal ${signal}`);
  if (shellStatus !== undefined) parts.push(`shell status ${shellStatus} (an exit code, or 128 and a signal)`);
  if (reason !== undefined) parts.push(reason);
  return parts.join(", ");
}
