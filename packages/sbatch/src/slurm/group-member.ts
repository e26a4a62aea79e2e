import type { JobStatus, MemberStatus } from "@slipway/core";

import type { EndRecord, JobEvidence } from "../evidence.ts";

export interface GroupMemberEvidence {
  /** The job it is a part of. */
  readonly whole: JobStatus;
  /** Absent before the attempt has begun. */
  readonly own: JobEvidence | undefined;
}

/** A part of a group: by its own record; without one it is as the whole is. */
export function judgeGroupMember(name: string, { whole, own }: GroupMemberEvidence): MemberStatus {
  const { attempt, state, nativeId } = whole;
  const isOfThisAttempt = own !== undefined && own.attempt === attempt;
  const start = isOfThisAttempt ? own.start : undefined;
  const end = isOfThisAttempt ? own.end : undefined;
  const source = `attempt-${attempt}.${name}`;
  return {
    name,
    ...(end ? verdictOfEnd(end) : { state: state === "running" && !start ? "queued" : state }),
    ...(nativeId !== undefined && { nativeId }),
    attempt,
    ...(start && { startedAt: start.at }),
    ...(end && { endedAt: end.at }),
    evidence: [
      ...(start ? [{ source: `${source}.start`, at: start.at, value: "started" }] : []),
      ...(end ? [{ source: `${source}.exit`, at: end.at, value: describe(end) }] : []),
    ],
  };
}

function verdictOfEnd(end: EndRecord): Pick<JobStatus, "state" | "reason" | "exitCode" | "signal"> {
  const { exitCode = end.shellStatus, signal, reason, outcome } = end;
  const isCancelled = outcome === "cancelled";
  return {
    state: isCancelled ? "cancelled" : exitCode === 0 ? "succeeded" : "failed",
    ...(reason !== undefined && { reason }),
    ...(exitCode !== undefined && { exitCode }),
    ...(signal !== undefined && { signal }),
  };
}

function describe({ outcome, exitCode, signal, reason }: EndRecord): string {
  const parts = [
    outcome,
    ...(exitCode === undefined ? [] : [`exit ${exitCode}`]),
    ...(signal === undefined ? [] : [`signal ${signal}`]),
    ...(reason === undefined ? [] : [reason]),
  ];
  return parts.join(", ");
}
