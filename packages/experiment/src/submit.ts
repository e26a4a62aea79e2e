import { isSlipwayError, systemClock } from "@slipway/core";
import type {
  Clock,
  Event,
  Executor,
  ExperimentRecord,
  Job,
  JobHandle,
  JobPlan,
  RecordedJob,
  StagedCode,
} from "@slipway/core";

import { createExperimentId } from "./id.ts";
import { withJobRecord } from "./job-record.ts";
import { filesOf, planFitting } from "./plan.ts";
import type { PlanOptions } from "./plan.ts";
import type { RecordStore } from "./records.ts";

export type ExperimentEvent =
  | (Event & { readonly type: "experiment.staged"; readonly code: StagedCode })
  | (Event & { readonly type: "experiment.warning"; readonly job?: string; readonly message: string })
  | (Event & { readonly type: "experiment.submitted"; readonly record: ExperimentRecord })
  /** Nobody can tell whether the jobs were submitted; the record stays. */
  | (Event & { readonly type: "experiment.unclear"; readonly record: ExperimentRecord });

export interface SubmitOptions extends Omit<PlanOptions, "id" | "code"> {
  /** The cluster's name, for the record. */
  readonly cluster: string;
  /** Its file, absolute; absent for `local` without a file. */
  readonly clusterFile?: string | undefined;
  readonly records: RecordStore;
  /** The experiment that this one runs again. */
  readonly rerunOf?: string | undefined;
  /** The directory the command ran in. */
  readonly cwd: string;
  readonly slipwayVersion: string;
  readonly clock?: Clock | undefined;
  readonly createId?: ((name: string) => string) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: ExperimentEvent) => void) | undefined;
}

/**
 * Stages the code, records what is intended, submits, records what was. When it rejects, no job will start and no record stays; but where
 * nobody can tell what became of the jobs (the connection was cut), the record stays as `planned`: see `adoptSubmissions`.
 */
export async function submitExperiment(options: SubmitOptions): Promise<ExperimentRecord> {
  const { executor, bundle, signal, onEvent } = options;
  const unstaged = { digest: bundle.digest, directory: bundle.digest, uploadedBytes: 0 };
  const id = createExperimentId(options.experiment.name);
  planFitting({ ...options, id, code: unstaged }); // What cannot be is told before anything is copied.
  const code = await executor.stage(bundle, { signal });
  onEvent?.({ type: "experiment.staged", code });
  const claimed = { ...options, id: await claimId(options), code };
  const { planned, plans } = await recordPlanned(claimed);
  const handles = await submitPlanned({ ...options, planned, plans });
  const record = await recordSubmitted({ ...options, planned, handles });
  onEvent?.({ type: "experiment.submitted", record });
  return record;
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
    const { plans, ...fitting } = planFitting(options);
    for (const { job, warnings } of plans) {
      for (const message of warnings) onEvent?.({ type: "experiment.warning", job: job.name, message });
    }
    const planned = createRecord({ ...options, ...fitting, plans });
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
