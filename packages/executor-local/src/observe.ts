import type { Clock, JobHandle, JobStatus } from "@slipway/core";
import { combineMembers, judgeLocalJob, parseEvidence } from "@slipway/sbatch";
import type { JobEvidence, Liveness } from "@slipway/sbatch";

import { memberStatuses, parseParts, partsFile, sortEvidence } from "./parts.ts";
import type { JudgedPart, PartName } from "./parts.ts";
import type { Processes } from "./processes.ts";
import { readRunDirectory } from "./read-evidence.ts";
import type { EvidenceCache } from "./read-evidence.ts";

export interface Observer {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly cache: EvidenceCache;
}

export interface Observation extends JudgedPart {
  readonly status: JobStatus;
  /** By `partKey`; those that have left a sign. */
  readonly parts: ReadonlyMap<string, JudgedPart>;
}

/** What can be known of a job now; undefined when its run directory is gone. */
export async function observeJob(handle: JobHandle, observer: Observer): Promise<Observation | undefined> {
  const { processes, clock, cache } = observer;
  const before = await readSigns(handle.runDir, cache);
  if (!before) return undefined;
  if (isOver(before)) {
    const others = { boot: await processes.boot(), at: clock.now().toISOString(), wrapper: false, group: false };
    return judge(handle, before, { parts: new Map(), others });
  }
  // Processes first: what one that is gone has written can be read after that, and nothing is added.
  const alive = await lookAtProcesses(handle.runDir, before, observer);
  const after = await readSigns(handle.runDir, cache);
  return after && judge(handle, after, alive);
}

interface Signs {
  readonly whole: JobEvidence;
  readonly names: readonly PartName[];
  readonly parts: ReadonlyMap<string, JobEvidence>;
}

async function readSigns(runDir: string, cache: EvidenceCache): Promise<Signs | undefined> {
  const read = await readRunDirectory(runDir, cache);
  if (!read) return undefined;
  const { firstAttempt, texts } = read;
  const { [partsFile]: list = "", ...evidence } = texts;
  const { own, parts } = sortEvidence(evidence);
  return {
    whole: parseEvidence(own, firstAttempt),
    names: parseParts(list),
    // A request to cancel is the whole job's, and so each part's.
    parts: new Map(
      [...parts].map(([key, { files }]) => [key, parseEvidence(withCancel(files, own["cancel"]), firstAttempt)]),
    ),
  };
}

function withCancel(files: Readonly<Record<string, string>>, cancel: string | undefined) {
  return cancel === undefined ? files : { ...files, cancel };
}

function isOver({ whole, parts }: Signs): boolean {
  return hasEnded(whole) && [...parts.values()].every(hasEnded);
}

function hasEnded({ end }: JobEvidence): boolean {
  return end !== undefined && end.next === undefined;
}

/** What was seen of the processes of those that had begun by then. */
interface Seen {
  readonly whole?: Liveness;
  readonly parts: ReadonlyMap<string, Liveness>;
  readonly others: Liveness;
}

/** Wrappers first, then the groups that are known after that: a wrapper that is gone starts no other. */
async function lookAtProcesses(runDir: string, signs: Signs, { processes, clock, cache }: Observer): Promise<Seen> {
  const others = { boot: await processes.boot(), at: clock.now().toISOString(), wrapper: false, group: false };
  const wrapperOf = async (evidence: JobEvidence) =>
    !hasEnded(evidence) && evidence.commit !== undefined && (await processes.isAlive(evidence.commit));
  const wrappers = new Map<string, boolean>();
  for (const [key, evidence] of signs.parts) wrappers.set(key, await wrapperOf(evidence));
  const ofWhole = signs.whole.commit && (await wrapperOf(signs.whole));
  const now = (await readSigns(runDir, cache)) ?? signs;
  const look = async (evidence: JobEvidence, wrapper: boolean): Promise<Liveness> => {
    const isAsked = !wrapper && !hasEnded(evidence) && evidence.group !== undefined;
    return { ...others, wrapper, group: isAsked && (await processes.isGroupAlive(evidence.group)) };
  };
  const parts = new Map<string, Liveness>();
  for (const [key, evidence] of now.parts) {
    const wrapper = signs.parts.get(key)?.commit ? wrappers.get(key) : undefined;
    if (evidence.commit) parts.set(key, await look(evidence, wrapper ?? (await wrapperOf(evidence))));
  }
  const { whole } = now;
  return { ...(whole.commit && { whole: await look(whole, ofWhole ?? (await wrapperOf(whole))) }), parts, others };
}

/** What left its first sign since the processes were looked at has just begun. */
function livenessOf(evidence: JobEvidence, seen: Liveness | undefined, others: Liveness): Liveness {
  return seen ?? { ...others, wrapper: evidence.commit !== undefined && !hasEnded(evidence) };
}

function judge({ job, id }: JobHandle, { whole, names, parts }: Signs, seen: Seen): Observation {
  const judged = new Map(
    [...parts].map(
      ([key, evidence]) => [key, { evidence, alive: livenessOf(evidence, seen.parts.get(key), seen.others) }] as const,
    ),
  );
  const partsLive = [...judged.values()].some(({ alive }) => alive.wrapper || alive.group);
  const ofJob = livenessOf(whole, seen.whole, seen.others);
  const alive = { ...ofJob, group: ofJob.group || (!ofJob.wrapper && partsLive) };
  const own = judgeLocalJob(whole, alive);
  const observation = { evidence: whole, alive, parts: judged };
  if (names.length === 0) return { ...observation, status: own };
  const members = memberStatuses(names, { name: job, status: own }, judged);
  if (names.some((name) => "member" in name)) return { ...observation, status: { ...own, members } };
  return { ...observation, status: wholeOfArray(own, combineMembers(own.nativeId ?? id, members)) };
}

/** While its elements run an array is as they are together; what nobody brings to an end any more is as its wrapper is. */
function wholeOfArray(own: JobStatus, combined: JobStatus): JobStatus {
  const { members } = combined;
  const isOpen = own.state === "running" || own.state === "succeeded" || own.state === "failed";
  const status = isOpen && own.reason !== "wrapper_killed" ? combined : own;
  return {
    ...own,
    ...status,
    ...(own.nativeId !== undefined && { nativeId: own.nativeId }),
    evidence: own.evidence,
    ...(members && { members }),
  };
}
