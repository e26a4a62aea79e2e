import { parseEvidence } from "../evidence.ts";
import type { JobEvidence } from "../evidence.ts";
import { parseRecord, RecordSyntaxError, textField } from "../record.ts";

/** What the files of a Slurm job's run directory say. */
export interface SlurmFiles {
  /** Of the job itself; the members of an array have their own. */
  readonly job: JobEvidence;
  readonly members: ReadonlyMap<number, JobEvidence>;
  /** Of the last attempt of a group, by the member's name. */
  readonly group: ReadonlyMap<string, JobEvidence>;
}

/** The beginning of the evidence files of an array's member: `array-3.attempt-1.exit`. */
export function memberPrefix(index: number): string {
  return `array-${index}.`;
}

/** That somebody asked for the end of an element of a try: `array-3.try-1.cancel`. */
export function elementCancelFile(index: number, tryNumber: number): string {
  return `${memberPrefix(index)}try-${tryNumber}.cancel`;
}

/** Which job of Slurm counts: `commit` of the first try, `try-2.commit` of the second. */
export function commitFile(tryNumber: number): string {
  return tryNumber === 1 ? "commit" : `try-${tryNumber}.commit`;
}

export function isCommitFile(name: string): boolean {
  return /^(?:try-[1-9]\d{0,5}\.)?commit$/.test(name);
}

const attemptPattern = /^(?:array-\d+\.)?attempt-([1-9]\d{0,8})\./;
const groupPattern = /^attempt-(\d+)\.([A-Za-z0-9][A-Za-z0-9_.-]{0,62})\.(start|group|status|exit)$/;
const memberPattern = /^array-(0|[1-9]\d{0,6})\.(attempt-.*|cancel)$/;

/** Reads the evidence files, given by name. Their text is untrusted: what is not exactly a record is told in `unreadable`. */
export function parseSlurmFiles(files: Readonly<Record<string, string>>, firstAttempt = 1): SlurmFiles {
  const own: Record<string, string> = {};
  const byMember = new Map<number, Record<string, string>>();
  for (const [name, text] of Object.entries(files)) {
    if (Number(attemptPattern.exec(name)?.[1] ?? firstAttempt) < firstAttempt) continue;
    const [, index, rest] = memberPattern.exec(name) ?? [];
    if (index !== undefined && rest !== undefined) {
      const member = byMember.get(Number(index)) ?? {};
      byMember.set(Number(index), { ...member, [rest]: text });
    } else if (!isCommitFile(name)) own[name] = text;
  }
  const job = parseEvidence(own);
  const group = new Map<string, Record<string, string>>();
  for (const [name, text] of Object.entries(own)) {
    const [, attempt, member, kind] = groupPattern.exec(name) ?? [];
    if (member === undefined || Number(attempt) !== job.attempt) continue;
    group.set(member, { ...group.get(member), [`attempt-${attempt}.${kind}`]: text });
  }
  const members = [...byMember].map(([index, member]) => [index, parseEvidence(member)] as const);
  const parts = [...group].map(([name, texts]) => [name, parseEvidence(texts)] as const);
  return { job, members: new Map(members), group: new Map(parts) };
}

/** `commit`: which job of Slurm runs the job of a token. Written once, before that job is released. */
export interface SlurmCommit {
  readonly token: string;
  readonly cluster: string;
  readonly job: string;
}

/** Undefined for text that is not exactly such a record. */
export function parseSlurmCommit(text: string): SlurmCommit | undefined {
  try {
    const fields = parseRecord(text);
    const [, cluster, job] = /^([A-Za-z0-9_.-]{1,255})\.([1-9]\d{0,9})$/.exec(textField(fields, "job")) ?? [];
    return cluster === undefined || job === undefined ? undefined : { token: textField(fields, "token"), cluster, job };
  } catch (error) {
    if (error instanceof RecordSyntaxError) return undefined;
    throw error;
  }
}
