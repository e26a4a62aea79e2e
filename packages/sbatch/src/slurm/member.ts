import type { JobStatus } from "@slipway/core";

import type { CancelRecord, JobEvidence } from "../evidence.ts";
import type { SlurmJobEvidence } from "./judge.ts";
import type { AccountingRow } from "./sacct.ts";
import { listSeen } from "./seen.ts";
import type { QueueRow } from "./squeue.ts";
import { stateFacts } from "./states.ts";
import { verdictOfMember } from "./verdict.ts";

/** What is known of one job, index or component. */
export interface MemberEvidence {
  readonly queueRow?: QueueRow | undefined;
  /** Whether squeue answered: then a missing row says that slurmctld has forgotten the job. */
  readonly queueIsKnown: boolean;
  /** Oldest first. */
  readonly accountingRows: readonly AccountingRow[];
  readonly wrapper: JobEvidence | undefined;
  readonly cancel: CancelRecord | undefined;
  readonly all: SlurmJobEvidence;
}

export function judgeMember(member: MemberEvidence): JobStatus {
  const { queueRow, accountingRows, wrapper, all } = member;
  const row = queueRow ?? accountingRows.at(-1);
  const isOld = isOfAnEarlierStart(member);
  const current = isOld ? undefined : wrapper;
  const verdict = verdictOfMember({ ...member, current });
  const hasBegun = row !== undefined && stateFacts(row.state)?.phase !== "queued" && row.startedAt !== undefined;
  const startedAt = current?.start?.at ?? (hasBegun ? row.startedAt : undefined);
  const isOver = verdict.state !== "queued" && verdict.state !== "running" && verdict.state !== "unknown";
  const endedAt = isOver ? (current?.end?.at ?? row?.endedAt) : undefined;
  return {
    ...verdict,
    nativeId: all.id,
    ...(row && { nativeState: row.state.word }),
    attempt: attemptNumber(member, isOld),
    ...(row?.submittedAt !== undefined && { submittedAt: row.submittedAt }),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    evidence: listSeen(member),
  };
}

/** True when the job was put back in the queue after the start that the wrapper told of: a requeue sets the time of submission anew. */
function isOfAnEarlierStart({ queueRow, accountingRows, wrapper }: MemberEvidence): boolean {
  const row = queueRow ?? accountingRows.at(-1);
  const start = wrapper?.start?.at;
  if (start === undefined || row?.submittedAt === undefined) return false;
  const [started, submitted] = [Date.parse(start), Date.parse(row.submittedAt)];
  // REQUEUED is the end of a start; what waits has not begun, however short the time since.
  const waits = stateFacts(row.state)?.phase === "queued" && row.state.name !== "REQUEUED";
  return waits ? started <= submitted : started < submitted;
}

function attemptNumber({ queueRow, accountingRows, wrapper, all }: MemberEvidence, isOld: boolean): number {
  const first = all.firstAttempt ?? 1;
  const told = wrapper?.start || wrapper?.end ? wrapper.attempt + (isOld ? 1 : 0) : first;
  const last = accountingRows.at(-1);
  const isNewer =
    queueRow?.submittedAt !== undefined &&
    last?.submittedAt !== undefined &&
    Date.parse(queueRow.submittedAt) > Date.parse(last.submittedAt);
  return Math.max(told, first - 1 + accountingRows.length + (isNewer ? 1 : 0), first);
}
