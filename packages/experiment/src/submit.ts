import { isSlipwayError, systemClock } from "@slipway/core";
import type {
  Bundle,
  Clock,
  Event,
  Executor,
  Experiment,
  ExperimentRecord,
  Job,
  JobHandle,
  JobPlan,
  RecordedCode,
  RecordedJob,
  StagedCode,
} from "@slipway/core";

import { orderJobs } from "./graph.ts";
import { createExperimentId } from "./id.ts";
import { withJobRecord } from "./job-record.ts";
import type { RecordStore } from "./records.ts";
import { splitArrays } from "./split-arrays.ts";

export type ExperimentEvent =
  | (Event & { readonly type: "experiment.staged"; readonly code: StagedCode })
  | (Event & { readonly type: "experiment.warning"; readonly job?: string; readonly message: string })
  | (Event & { readonly type: "experiment.submitted"; readonly record: ExperimentRecord })
  /** Nobody can tell whether the jobs were submitted; the record stays. */
  | (Event & { readonly type: "experiment.unclear"; readonly record: ExperimentRecord });

export interface PlanOptions {
  readonly experiment: Experiment;
  readonly id: string;
  readonly executor: Executor;
  readonly bundle: Bundle;
  readonly code: StagedCode;
  /** By job, then by variable: values that must reach the job and are written to no script, log or record. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
}

export interface SubmitOptions extends Omit<PlanOptions, "id" | "code"> {
  /** The cluster's name, for the record. */
  readonly cluster: string;
  /** Its file, absolute; absent for `local` without a file. */
  readonly clusterFile?: string | undefined;
  readonly records: RecordStore;
  /** The experiment that this one runs again. */
  readonly rerunOf?: string | undefined;
  /** The cluster's MaxArraySize: larger arrays become several jobs. */
  readonly maxArraySize?: number | undefined;
  /** The directory the command ran in. */
  readonly cwd: string;
  readonly slipwayVersion: string;
  readonly clock?: Clock | undefined;
  readonly createId?: ((name: string) => string) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: ExperimentEvent) => void) | undefined;
}

/** What would be submitted, dependencies first. Pure. */
export function planExperiment({
  experiment,
  id,
  executor,
  bundle,
  code,
  secrets = {},
}: PlanOptions): readonly JobPlan[] {
  const { digest, manifest, source } = bundle;
  const comments = describeCode({ ...source, digest, files: filesOf(bundle), bytes: manifest.bytes });
  return orderJobs(experiment).map((job) =>
    executor.plan(job, { experiment: id, code, secrets: secrets[job.name] ?? {}, comments, tryNumber: 1 }),
  );
}

/**
 * Stages the code, records what is intended, submits, records what was. When it rejects, no job will start and no record stays; but where
 * nobody can tell what became of the jobs (the connection was cut), the record stays as `planned`: see `adoptSubmissions`.
 */
export async function submitExperiment(given: SubmitOptions): Promise<ExperimentRecord> {
  const options = withSplitArrays(given);
  const { experiment, executor, bundle, signal, onEvent } = options;
  orderJobs(experiment); // A graph that cannot be is told before anything is copied.
  const code = await executor.stage(bundle, { signal });
  onEvent?.({ type: "experiment.staged", code });
  const id = await claimId(options);
  const { planned, plans } = await recordPlanned({ ...options, id, code });
  const handles = await submitPlanned({ ...options, planned, plans });
  const record = await recordSubmitted({ ...options, planned, handles });
  onEvent?.({ type: "experiment.submitted", record });
  return record;
}

/** Jobs and their secrets as they are submitted, where arrays are over the cluster's limit. */
function withSplitArrays(options: SubmitOptions): SubmitOptions {
  const { experiment, maxArraySize, secrets = {} } = options;
  if (maxArraySize === undefined) return options;
  const jobs = splitArrays(experiment.jobs, maxArraySize);
  if (jobs === experiment.jobs) return options;
  const secretsOf = (name: string) => secrets[name] ?? secrets[name.replace(/\.\d+$/, "")] ?? {};
  return {
    ...options,
    experiment: { ...experiment, jobs },
    secrets: Object.fromEntries(jobs.map(({ name }) => [name, secretsOf(name)])),
  };
}

interface ClaimedOptions extends SubmitOptions {
  readonly id: string;
  readonly code: StagedCode;
}

interface Planned {
  readonly planned: ExperimentRecord;
  readonly plans: readonly JobPlan[];
}

async function recordPlanned(options: ClaimedOptions): Promise<Planned> {
  const { id, records, signal, onEvent } = options;
  try {
    const plans = planExperiment(options);
    for (const { job, warnings } of plans) {
      for (const message of warnings) onEvent?.({ type: "experiment.warning", job: job.name, message });
    }
    const planned = createRecord({ ...options, plans });
    await records.write(planned);
    signal?.throwIfAborted();
    return { planned, plans: plans.map((plan) => withJobRecord(plan, planned)) };
  } catch (error) {
    await records.discard(id);
    throw error;
  }
}

async function submitPlanned(options: SubmitOptions & Planned): Promise<readonly JobHandle[]> {
  const { executor, records, planned, plans, signal, onEvent } = options;
  try {
    return await executor.submit(plans, { signal, record: planned });
  } catch (error) {
    if (isCertain(error, executor)) await records.discard(planned.id);
    else {
      await records.giveUp(planned.id);
      onEvent?.({ type: "experiment.unclear", record: planned });
    }
    throw error;
  }
}

/** Whether the jobs were surely not submitted. Where records stay on the machine that submits, so does all else: it can take everything back. */
function isCertain(error: unknown, executor: Executor): boolean {
  if (!("findExperiments" in executor)) return true;
  const details = isSlipwayError(error) ? error.details : undefined;
  return typeof details === "object" && details !== null && "submitted" in details && details.submitted === false;
}

async function recordSubmitted(
  options: SubmitOptions & { readonly planned: ExperimentRecord; readonly handles: readonly JobHandle[] },
): Promise<ExperimentRecord> {
  const { records, planned, handles, onEvent } = options;
  try {
    return await records.update(planned.id, (record) => withHandles(record, handles));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    onEvent?.({
      type: "experiment.warning",
      message: `The jobs were submitted, but not all of the record was written: ${why}`,
    });
    return withHandles(planned, handles);
  }
}

async function claimId({ experiment, records, createId = createExperimentId }: SubmitOptions): Promise<string> {
  for (;;) {
    const id = createId(experiment.name);
    if (await records.claim(id)) return id;
  }
}

interface RecordParts extends ClaimedOptions {
  readonly plans: readonly JobPlan[];
}

function createRecord({
  id,
  experiment,
  cluster,
  cwd,
  slipwayVersion,
  clock = systemClock,
  ...rest
}: RecordParts): ExperimentRecord {
  const { bundle, code, plans, secrets = {}, clusterFile, rerunOf } = rest;
  const planOf = new Map(plans.map((plan) => [plan.job.name, plan]));
  return {
    version: 1,
    id,
    name: experiment.name,
    cluster,
    ...(clusterFile !== undefined && { clusterFile }),
    ...(rerunOf !== undefined && { rerunOf }),
    createdAt: clock.now().toISOString(),
    phase: "planned",
    cwd,
    slipwayVersion,
    code: {
      ...bundle.source,
      digest: bundle.digest,
      bytes: bundle.manifest.bytes,
      files: filesOf(bundle),
      directory: code.directory,
      uploadedBytes: code.uploadedBytes,
    },
    jobs: experiment.jobs.map((job) => recordJob(job, planOf.get(job.name), Object.keys(secrets[job.name] ?? {}))),
  };
}

function recordJob(job: Job, plan: JobPlan | undefined, secrets: readonly string[]): RecordedJob {
  if (!plan) throw new Error(`No plan for the job ${job.name}`);
  const { token, handle } = plan;
  return { ...job, secrets, token, ...(handle && { handle }) };
}

/** The record of an experiment whose jobs an executor owns. */
export function withHandles(record: ExperimentRecord, handles: readonly JobHandle[]): ExperimentRecord {
  const handleOf = new Map(handles.map((handle) => [handle.job, handle]));
  const jobs = record.jobs.map((job) => {
    const handle = handleOf.get(job.name);
    return handle ? { ...job, handle } : job;
  });
  return { ...record, phase: "submitted", jobs };
}

/** Lines for people at the top of a script. */
export function describeCode(code: DescribedCode): readonly string[] {
  const commit = code.commit === undefined ? "no commit" : `commit ${code.commit}`;
  const branch = code.branch === undefined ? "" : ` on ${code.branch}`;
  const dirty = code.dirty ? ", with uncommitted changes" : "";
  return [`code: ${code.digest}`, `      files: ${code.files}, bytes: ${code.bytes}; ${commit}${branch}${dirty}`];
}

type DescribedCode = Pick<RecordedCode, "digest" | "files" | "bytes" | "commit" | "branch" | "dirty">;

function filesOf({ manifest }: Bundle): number {
  return manifest.files + manifest.symlinks;
}
