import { isFinalState, systemClock } from "@slipway/core";
import type { Clock, Executor, ExperimentRecord, JobHandle, JobState, JobStatus, RecordedJob } from "@slipway/core";

export interface NamedJobStatus extends JobStatus {
  readonly name: string;
}

export interface ExperimentStatus {
  readonly experiment: string;
  readonly name: string;
  readonly cluster: string;
  readonly state: JobState;
  readonly jobs: readonly NamedJobStatus[];
}

export interface StatusOptions {
  readonly records: readonly ExperimentRecord[];
  readonly executor: Executor;
  readonly signal?: AbortSignal | undefined;
}

/** The statuses of experiments of one executor, asked for in one go, in the records' order. */
export async function pollExperiments({
  records,
  executor,
  signal,
}: StatusOptions): Promise<readonly ExperimentStatus[]> {
  const handles = records.flatMap(({ jobs }) => jobHandles(jobs));
  const statuses = handles.length === 0 ? new Map<string, JobStatus>() : await executor.poll(handles, { signal });
  return records.map((record) => {
    const jobs = record.jobs.map((job) => nameStatus(job, record, statuses));
    const { id, name, cluster } = record;
    return { experiment: id, name, cluster, state: combineStates(jobs.map(({ state }) => state)), jobs };
  });
}

function nameStatus(
  { name, handle, lastStatus }: RecordedJob,
  { phase }: ExperimentRecord,
  statuses: ReadonlyMap<string, JobStatus>,
): NamedJobStatus {
  const status = handle && statuses.get(handle.id);
  if (lastStatus && (status?.state ?? "unknown") === "unknown") return { name, ...lastStatus };
  if (status) return { name, ...status };
  const reason = handle && phase !== "planned" ? "forgotten" : "not_submitted";
  return { name, state: "unknown", reason, attempt: 1, evidence: [] };
}

export function jobHandles(jobs: readonly RecordedJob[]): readonly JobHandle[] {
  return jobs.flatMap(({ handle }) => handle ?? []);
}

const worstFirst: readonly JobState[] = ["unknown", "failed", "timed_out", "cancelled", "succeeded"];

/** One state for several jobs: while some wait or run that, afterwards the worst. */
export function combineStates(states: readonly JobState[]): JobState {
  const waiting = states.filter((state) => state === "queued").length;
  if (waiting === states.length && waiting > 0) return "queued";
  if (waiting > 0 || states.includes("running")) return "running";
  return worstFirst.find((state) => states.includes(state)) ?? "unknown";
}

/** True when waiting longer would show nothing new: the state is final, or nothing was ever submitted. */
export function isSettled({ state, reason }: JobStatus): boolean {
  return isFinalState(state) || (state === "unknown" && (reason === "not_submitted" || reason === "forgotten"));
}

export interface FollowOptions {
  readonly record: ExperimentRecord;
  /** Only these jobs; all when absent. */
  readonly jobs?: readonly RecordedJob[] | undefined;
  readonly executor: Executor;
  readonly firstDelayMs?: number | undefined;
  readonly maxDelayMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The status at first and after each change, asked for less often while nothing changes; ends when all jobs are settled. */
export async function* followExperiment(options: FollowOptions): AsyncGenerator<ExperimentStatus, void> {
  const { record, jobs = record.jobs, executor, clock = systemClock, signal } = options;
  const { firstDelayMs = 100, maxDelayMs = 2_000 } = options;
  let shown: string | undefined;
  let delayMs = firstDelayMs;
  for (;;) {
    signal?.throwIfAborted();
    const [status] = await pollExperiments({ records: [{ ...record, jobs }], executor, signal });
    if (!status) return;
    const facts = JSON.stringify(status.jobs.map((job) => [factsOf(job), job.members?.map(factsOf)]));
    if (facts !== shown) {
      shown = facts;
      delayMs = firstDelayMs;
      yield status;
    }
    if (status.jobs.every(isSettled)) return;
    await clock.sleep(delayMs, signal);
    delayMs = Math.min(delayMs * 2, maxDelayMs);
  }
}

function factsOf({ name, state, reason, attempt }: NamedJobStatus): readonly unknown[] {
  return [name, state, reason, attempt];
}

/** Waits until all jobs are settled and gives the last status. */
export async function waitForExperiment(options: FollowOptions): Promise<ExperimentStatus> {
  let last: ExperimentStatus | undefined;
  for await (const status of followExperiment(options)) last = status;
  if (!last) throw new Error(`No status of ${options.record.id}`);
  return last;
}
