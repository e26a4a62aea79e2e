import type { JobStatus, MemberStatus } from "@slipway/core";

import type { CancelRecord } from "../evidence.ts";
import { combineMembers } from "./combine.ts";
import { parseSlurmFiles } from "./evidence.ts";
import { judgeGroupMember } from "./group-member.ts";
import { includesIndex } from "./job-id.ts";
import type { SlurmJobId } from "./job-id.ts";
import { judgeMember } from "./member.ts";
import type { AccountingRow } from "./sacct.ts";
import type { QueueRow } from "./squeue.ts";
import type { SlurmTable } from "./text.ts";

/** What a tool of Slurm answered, with exit code 0, and when it was asked. */
export interface SlurmAnswer<Row> extends SlurmTable<Row> {
  readonly at: string;
}

/** Everything that is known of a job. Ask squeue first, then read the files: then no end is missed. */
export interface SlurmJobEvidence {
  /** What sbatch told. */
  readonly id: string;
  /** Tells this job from another one that was given the same id later. */
  readonly token: string;
  /** The evidence files of the run directory, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** `squeue --all --me -t all`, or undefined when it was not asked or failed. An answer may hold other jobs too. */
  readonly squeue?: SlurmAnswer<QueueRow> | undefined;
  /** `sacct -X -D`; undefined where it failed, or there is none. */
  readonly sacct?: SlurmAnswer<AccountingRow> | undefined;
  /** That slipway asked for the job's end, where the run directory does not say so. */
  readonly cancelRecord?: CancelRecord | undefined;
  /** Whether Slurm may start the job again by itself (`--requeue`, `--no-requeue`); undefined: nobody knows. */
  readonly requeue?: boolean | undefined;
  /** Since when squeue has not listed the job, seen without a break. */
  readonly absentSince?: string | undefined;
  readonly timeLimitSeconds?: number | undefined;
  /** All indices of an array. Without them a member that left no trace is not missed. */
  readonly arrayIndices?: readonly number[] | undefined;
  readonly hetComponents?: number | undefined;
  /** Names of a group's members. */
  readonly groupMembers?: readonly string[] | undefined;
  /** Of this try; 1 when absent. Files of earlier ones do not count. */
  readonly firstAttempt?: number | undefined;
  readonly now: string;
}

/**
 * A job's state from its own files, squeue and sacct. What slurmctld still knows counts before what accounting says, and a wrapper's record
 * before a missing one. A state that nothing proves is `unknown`, never `failed`; a job that may start again is not final.
 */
export function judgeSlurmJob(evidence: SlurmJobEvidence): JobStatus {
  const { groupMembers } = evidence;
  const whole = judgeWhole(evidence);
  if (!groupMembers) return whole;
  const { group } = parseSlurmFiles(evidence.files, evidence.firstAttempt);
  return { ...whole, members: groupMembers.map((name) => judgeGroupMember(name, { whole, own: group.get(name) })) };
}

function judgeWhole(evidence: SlurmJobEvidence): JobStatus {
  const queue = ownRows(evidence.squeue, evidence);
  const accounting = ownRows(evidence.sacct, evidence);
  const files = parseSlurmFiles(evidence.files, evidence.firstAttempt);
  const cancel = files.job.cancel ?? evidence.cancelRecord;
  const judge = (
    id: SlurmJobId,
    rows: { readonly queueRow?: QueueRow | undefined; readonly accountingRows: readonly AccountingRow[] },
  ) => {
    const wrapper = id.arrayIndex === undefined ? files.job : files.members.get(id.arrayIndex);
    const asked = cancel ?? wrapper?.cancel;
    return judgeMember({ ...rows, wrapper, cancel: asked, all: evidence, queueIsKnown: queue !== undefined });
  };
  const members = listMembers(evidence, [...(queue ?? []), ...(accounting ?? [])], [...files.members.keys()]);
  if (members.length === 0) {
    return judge({ jobId: evidence.id }, { queueRow: queue?.[0], accountingRows: accounting ?? [] });
  }
  const findQueue = rowFinder(queue ?? []);
  const findAccounting = rowFinder(accounting ?? []);
  const statuses = members.map((id): MemberStatus => {
    const status = judge(id, { queueRow: findQueue(id).at(-1), accountingRows: findAccounting(id) });
    return { name: memberName(id), ...(id.arrayIndex !== undefined && { arrayIndex: id.arrayIndex }), ...status };
  });
  return combineMembers(evidence.id, statuses);
}

/** The rows of this job, or undefined when the tool did not answer, or with a line about it that cannot be read. */
function ownRows<Row extends { readonly id: SlurmJobId; readonly names: string }>(
  answer: SlurmAnswer<Row> | undefined,
  { id, token }: SlurmJobEvidence,
): readonly Row[] | undefined {
  if (!answer || answer.unreadable.some((line) => line.startsWith(id))) return undefined;
  return answer.rows.filter((row) => row.id.jobId === id && carriesToken(row.names, token));
}

function carriesToken(names: string, token: string): boolean {
  const position = names.indexOf(token);
  return position >= 0 && !/^\d/.test(names.slice(position + token.length));
}

function listMembers(
  { id, arrayIndices, hetComponents }: SlurmJobEvidence,
  rows: readonly { readonly id: SlurmJobId }[],
  indicesOfFiles: readonly number[],
): readonly SlurmJobId[] {
  if (arrayIndices) return arrayIndices.map((arrayIndex) => ({ jobId: id, arrayIndex }));
  const components = Array.from({ length: hetComponents ?? 0 }, (_, hetComponent) => ({ jobId: id, hetComponent }));
  const seen = rows.map((row) => row.id).filter((each) => Object.keys(each).length > 1);
  const ofFiles = indicesOfFiles.map((arrayIndex) => ({ jobId: id, arrayIndex }));
  const byName = new Map<string, SlurmJobId>();
  for (const member of [...components, ...seen, ...ofFiles]) byName.set(memberName(member), member);
  return [...byName.values()];
}

/** Rows of a member; those that tell of several waiting members among them. */
function rowFinder<Row extends { readonly id: SlurmJobId }>(rows: readonly Row[]): (id: SlurmJobId) => readonly Row[] {
  const named = new Map<string, Row[]>();
  for (const row of rows) {
    const ofMember = named.get(memberName(row.id));
    if (ofMember) ofMember.push(row);
    else named.set(memberName(row.id), [row]);
  }
  const waiting = rows.filter((row) => row.id.pendingIndices);
  return (id) => {
    const own = named.get(memberName(id));
    if (own || id.arrayIndex === undefined) return own ?? [];
    const index = id.arrayIndex;
    const group = waiting.find((row) => row.id.pendingIndices && includesIndex(row.id.pendingIndices, index));
    const cut = waiting.find((row) => row.id.pendingIndices?.isCut);
    const found = group ?? cut;
    return found ? [found] : [];
  };
}

function memberName({ jobId, arrayIndex, hetComponent, pendingIndices }: SlurmJobId): string {
  if (arrayIndex !== undefined) return `${jobId}_${arrayIndex}`;
  if (hetComponent !== undefined) return `${jobId}+${hetComponent}`;
  if (!pendingIndices) return jobId;
  const ranges = pendingIndices.ranges.map(({ first, last, step }) => `${first}-${last}:${step}`);
  return `${jobId}_[${[...ranges, ...(pendingIndices.isCut ? ["..."] : [])].join(",")}]`;
}
