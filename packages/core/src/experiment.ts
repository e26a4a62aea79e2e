import type { CodeSource } from "./bundle.ts";
import type { JobHandle } from "./executor.ts";
import type { Job } from "./job.ts";
import type { Digest } from "./manifest.ts";
import type { JobStatus } from "./state.ts";

/** Jobs submitted together from one config. */
export interface Experiment {
  /** For people; ids are made from it (see `isJobName`). */
  readonly name: string;
  readonly jobs: readonly Job[];
}

/** How far a submission got: `planned` before the executor was asked, `submitted` when it owns all jobs. */
export type SubmissionPhase = "planned" | "submitted";

/** What is remembered of an experiment: `experiment.json`, plain JSON. Add fields, never rename. */
export interface ExperimentRecord {
  readonly version: 1;
  readonly id: string;
  readonly name: string;
  /** The cluster's name; `local` for this machine. */
  readonly cluster: string;
  /** The cluster file on the machine that submitted, absolute; absent for `local` without a file. */
  readonly clusterFile?: string;
  /** ISO 8601 in UTC. */
  readonly createdAt: string;
  readonly phase: SubmissionPhase;
  /** The directory the command ran in. */
  readonly cwd: string;
  readonly slipwayVersion: string;
  readonly code: RecordedCode;
  readonly jobs: readonly RecordedJob[];
  /** The experiment that this one ran again. */
  readonly rerunOf?: string;
}

export interface RecordedCode extends CodeSource {
  readonly digest: Digest;
  /** Sum of the files' sizes. */
  readonly bytes: number;
  readonly files: number;
  /** Where it lies on the execution host. */
  readonly directory: string;
  readonly uploadedBytes: number;
}

/** A job as it was submitted, and where it went. */
export interface RecordedJob extends Job {
  /** Names of secret variables only: values are never recorded. */
  readonly secrets: readonly string[];
  /** Of the last try. */
  readonly token: string;
  /** Of the last try; absent until the job's id is known. */
  readonly handle?: JobHandle;
  /** Its end, kept here from before its run directory was removed on. */
  readonly lastStatus?: JobStatus;
  /** Tries before the last one, oldest first. */
  readonly earlierTries?: readonly RecordedTry[];
}

/** What was asked for, without what became of it. */
export function jobOf({
  secrets: _secrets,
  token: _token,
  handle: _handle,
  lastStatus: _lastStatus,
  earlierTries: _earlierTries,
  ...job
}: RecordedJob): Job {
  return job;
}

export interface RecordedTry {
  readonly token: string;
  readonly handle?: JobHandle;
}
