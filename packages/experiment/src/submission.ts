import type { Executor, ExperimentRecord, JobStatus } from "@slipway/core";

import { mergeFound } from "./merge.ts";
import type { RecordStore } from "./records.ts";
import { jobHandles } from "./status.ts";

export interface AdoptOptions {
  readonly records: RecordStore;
  /** The one that knows these records' jobs. */
  readonly executor: Executor;
  readonly signal?: AbortSignal | undefined;
}

/** How far a submission got that was found as `planned`. */
export interface Submission {
  readonly record: ExperimentRecord;
  /** `under_way`: its process lives. `cut_off`: nobody goes on with it, and some jobs will not start by themselves. */
  readonly progress: "submitted" | "under_way" | "cut_off";
  /** Names of the jobs that the executor does not own, or holds back. */
  readonly missing: readonly string[];
}

/**
 * Finds the jobs of submissions whose end was not recorded (a client that was killed, a connection that was cut) by their tokens, and
 * records them. Nothing is submitted, nothing is cancelled. In the order of the records, each as it is now, with all of its jobs; those
 * that are not `planned` cost nothing.
 */
export async function adoptSubmissions(
  given: readonly ExperimentRecord[],
  options: AdoptOptions,
): Promise<readonly Submission[]> {
  const planned = given.filter(({ phase }) => phase === "planned");
  if (planned.length === 0) return given.map(asSubmitted);
  const underWay = new Set<string>();
  for (const { id } of planned) if (await options.records.isBeingSubmitted(id)) underWay.add(id);
  // Read only now: until then its process may have written that it has submitted it.
  const current = new Map((await options.records.list()).records.map((record) => [record.id, record]));
  const records = given.map((record) => (record.phase === "planned" && current.get(record.id)) || record);
  const cutOff = records.filter(({ id, phase }) => phase === "planned" && !underWay.has(id));
  const adopted = await adopt(cutOff, options);
  return records.map((record) => {
    if (record.phase !== "planned" || !underWay.has(record.id)) return adopted.get(record.id) ?? asSubmitted(record);
    return { record, progress: "under_way", missing: record.jobs.map(({ name }) => name) };
  });
}

function asSubmitted(record: ExperimentRecord): Submission {
  return { record, progress: "submitted", missing: [] };
}

async function adopt(
  cutOff: readonly ExperimentRecord[],
  { records, executor, signal }: AdoptOptions,
): Promise<ReadonlyMap<string, Submission>> {
  const found = (cutOff.length > 0 && (await executor.findExperiments?.({ signal }))) || [];
  const merged = cutOff.map((record) => {
    const there = found.find((each) => each.record.id === record.id && each.record.createdAt === record.createdAt);
    return there ? mergeFound(record, there) : record;
  });
  const unfinished = await findUnfinished(merged, { executor, signal });
  const adopted = new Map<string, Submission>();
  for (const { id, jobs } of merged) {
    const missing = unfinished.get(id) ?? [];
    const progress = missing.length === 0 ? "submitted" : "cut_off";
    const handles = new Map(jobs.map((job) => [job.token, job.handle]));
    const record = await records.update(id, (now) => ({
      ...now,
      phase: progress === "submitted" ? progress : now.phase,
      jobs: now.jobs.map((job) => {
        const handle = job.handle ?? handles.get(job.token);
        return handle ? { ...job, handle } : job;
      }),
    }));
    adopted.set(id, { record, progress, missing });
  }
  return adopted;
}

/** By id, the jobs that will not start by themselves: without an id, unknown to the executor, or held as each is before all are there. */
export async function findUnfinished(
  records: readonly ExperimentRecord[],
  { executor, signal }: Pick<AdoptOptions, "executor" | "signal">,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const handles = records.flatMap(({ jobs }) => jobHandles(jobs));
  const statuses = handles.length === 0 ? new Map<string, JobStatus>() : await executor.poll(handles, { signal });
  const unfinished = records.map(({ id, jobs }) => {
    const names = jobs
      .filter(({ handle }) => !handle || isHeldBack(statuses.get(handle.id), executor))
      .map(({ name }) => name);
    return [id, names] as const;
  });
  return new Map(unfinished.filter(([, names]) => names.length > 0));
}

/** A job that a host with records of its own has forgotten has ended long ago; without them it was never begun. */
function isHeldBack(status: JobStatus | undefined, executor: Executor): boolean {
  if (!status) return !("findExperiments" in executor);
  const { state, reason = "" } = status;
  return state === "queued" ? /^JobHeldUser$/i.test(reason) : state === "unknown" && reason === "not_started";
}
