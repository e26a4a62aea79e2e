import type { Job, JobStatus, MemberStatus } from "@slipway/core";
import { judgeLocalJob } from "@slipway/sbatch";
import type { JobEvidence, Liveness } from "@slipway/sbatch";

/** A part of a job that is a process of its own: an array's element or a group's member. */
export type PartName = { readonly index: number } | { readonly member: string };

export interface EvidenceFiles {
  readonly own: Readonly<Record<string, string>>;
  readonly parts: ReadonlyMap<string, PartFiles>;
}

export interface PartFiles {
  readonly part: PartName;
  /** By the names they have in a job without parts. */
  readonly files: Readonly<Record<string, string>>;
}

const ownPattern = /^(?:commit|cancel|attempt-[1-9]\d{0,8}\.(?:start|group|status|exit))$/;
const elementPattern =
  /^array-(0|[1-9]\d{0,6})\.(commit|try-\d+\.cancel|attempt-[1-9]\d{0,8}\.(?:start|group|status|exit))$/;
const memberPattern = /^attempt-([1-9]\d{0,8})\.([A-Za-z0-9][A-Za-z0-9_.-]{0,62})\.(commit|start|group|status|exit)$/;

export function isEvidenceName(name: string): boolean {
  return ownPattern.test(name) || elementPattern.test(name) || memberPattern.test(name);
}

/** Evidence files by the part they tell of; of members those of the last attempt. */
export function sortEvidence(texts: Readonly<Record<string, string>>): EvidenceFiles {
  const own: Record<string, string> = {};
  const parts = new Map<string, { readonly part: PartName; readonly files: Record<string, string>; attempt: number }>();
  const filesOf = (part: PartName, attempt: number) => {
    const known = parts.get(partKey(part));
    if (known && known.attempt === attempt) return known.files;
    if (known && known.attempt > attempt) return {};
    const files: Record<string, string> = {};
    parts.set(partKey(part), { part, files, attempt });
    return files;
  };
  for (const [name, text] of Object.entries(texts)) {
    const [, index, rest] = elementPattern.exec(name) ?? [];
    const [, attempt, member, kind] = memberPattern.exec(name) ?? [];
    if (index !== undefined && rest !== undefined)
      filesOf({ index: Number(index) }, 0)[rest.startsWith("try-") ? "cancel" : rest] = text;
    else if (ownPattern.test(name)) own[name] = text;
    else if (attempt !== undefined && member !== undefined) {
      filesOf({ member }, Number(attempt))[kind === "commit" ? "commit" : `attempt-${attempt}.${kind}`] = text;
    }
  }
  return { own, parts };
}

export function partKey(part: PartName): string {
  return "index" in part ? `array-${part.index}` : part.member;
}

export interface JudgedPart {
  readonly evidence: JobEvidence;
  readonly alive: Liveness;
}

/** The file that lists a job's parts, beside its script. */
export const partsFile = "parts";

/** `array-3` or a member's name, each on a line; empty for a job without parts. */
export function renderParts({ array, group = [] }: Pick<Job, "array" | "group">): string {
  const names = [
    ...(array?.indices ?? []).map((index) => partKey({ index })),
    ...group.map(({ name }) => `member ${name}`),
  ];
  return names.map((name) => `${name}\n`).join("");
}

export function parseParts(text: string): readonly PartName[] {
  return text.split("\n").flatMap((line): readonly PartName[] => {
    const [, index, member] = /^(?:array-(0|[1-9]\d{0,6})|member ([A-Za-z0-9][A-Za-z0-9_.-]{0,62}))$/.exec(line) ?? [];
    if (index !== undefined) return [{ index: Number(index) }];
    return member === undefined ? [] : [{ member }];
  });
}

export interface WholeJob {
  readonly name: string;
  readonly status: JobStatus;
}

/** The statuses of an array's elements or a group's members, those that have not begun among them. */
export function memberStatuses(
  names: readonly PartName[],
  { name, status }: WholeJob,
  parts: ReadonlyMap<string, JudgedPart>,
): readonly MemberStatus[] {
  return names.map((part): MemberStatus => {
    const label = "index" in part ? { name: `${name}_${part.index}`, arrayIndex: part.index } : { name: part.member };
    const seen = parts.get(partKey(part));
    if (seen?.evidence.commit) return { ...label, ...judgeLocalJob(seen.evidence, seen.alive) };
    return { ...label, ...notBegun(status), ...(seen?.evidence.cancel && cancelledBefore(seen)) };
  });
}

/** Its process, which nobody has started yet, will do nothing. */
function cancelledBefore({ evidence, alive }: JudgedPart): Pick<JobStatus, "state" | "evidence"> {
  return { state: "cancelled", evidence: judgeLocalJob(evidence, alive).evidence };
}

/** A part without a sign of its own is as the job is, which has not come to it. */
function notBegun({ state, reason, submittedAt }: JobStatus): JobStatus {
  const waits = state === "queued" || state === "running";
  return {
    state: waits ? "queued" : state === "succeeded" ? "unknown" : state,
    ...(!waits && reason !== undefined && { reason }),
    attempt: 1,
    ...(submittedAt !== undefined && { submittedAt }),
    evidence: [],
  };
}
