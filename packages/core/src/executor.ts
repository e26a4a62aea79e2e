import type { Bundle } from "./bundle.ts";
import type { ExperimentRecord } from "./experiment.ts";
import type { Job } from "./job.ts";
import type { Digest } from "./manifest.ts";
import type { JobStatus } from "./state.ts";

/** The executor's own name of a submitted job, unique on its system for as long as records are kept. */
export type JobId = string;

/** All that is needed to find a submitted job again; plain JSON, kept in the experiment's record. */
export interface JobHandle {
  readonly id: JobId;
  readonly experiment: string;
  readonly job: string;
  /** The job's directory on the execution host, absolute. */
  readonly runDir: string;
}

/** Code that jobs of this executor can use. */
export interface StagedCode {
  readonly digest: Digest;
  /** Absolute, on the execution host, read-only. */
  readonly directory: string;
  /** Bytes that had to travel; 0 when the code was there. */
  readonly uploadedBytes: number;
}

export interface PlanContext {
  readonly experiment: string;
  readonly code: StagedCode;
  /** Values that must reach the job and may not stand in a script, a log or a record, by variable name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Lines for people at the top of the script: what the code is, who wrote it. No secrets. */
  readonly comments: readonly string[];
  /**
   * The try: 1 at first, one more for each deliberate resubmission in the same run directory, when the try before has ended. Part of the token;
   * its attempts count on from those before.
   */
  readonly tryNumber: number;
}

export interface PlannedFile {
  /** Relative to the run directory. */
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/** What `submit` will do for one job, as data. */
export interface JobPlan {
  readonly experiment: string;
  readonly job: Job;
  /** `<experiment>.<job>.<try>`: at most one job of a token ever runs. */
  readonly token: string;
  readonly runDir: string;
  readonly code: StagedCode;
  /** All files, the script among them; those that hold secrets have mode 0o600. */
  readonly files: readonly PlannedFile[];
  /** The script's path, relative to the run directory. */
  readonly script: string;
  /** What the user asked for and this executor does not do, in words. */
  readonly warnings: readonly string[];
  /** The job's handle, where the executor names jobs itself and so knows it before it submits. */
  readonly handle?: JobHandle;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface SubmitOptions extends CallOptions {
  /** The experiment's record, kept beside its jobs on the execution host, from before the first job is submitted on. */
  readonly record?: ExperimentRecord | undefined;
}

/** An experiment as the execution host knows it. */
export interface FoundExperiment {
  readonly record: ExperimentRecord;
  /** Of the jobs that were submitted. */
  readonly handles: readonly JobHandle[];
}

export interface CancelOptions extends CallOptions {
  /** Sends just this signal (a name such as `USR1`) and does not mark the job as cancelled. */
  readonly signalName?: string | undefined;
  /** Of an array: only these elements; the others go on. Refuse it where elements cannot be told apart. */
  readonly arrayIndices?: readonly number[] | undefined;
}

export interface LogOptions extends CallOptions {
  /** Which start of the job; the last one when absent. */
  readonly attempt?: number | undefined;
  /** Bytes to skip. Negative counts from the end. 0 when absent. */
  readonly offset?: number | undefined;
  /** Goes on until the job's state is final. */
  readonly follow?: boolean | undefined;
  /** Of an array: the element. */
  readonly arrayIndex?: number | undefined;
  /** The task whose own log is read, from 0, or a group's member by its name; all output together when absent. */
  readonly rank?: number | string | undefined;
  /** Only its standard error, of a job that keeps it apart as well (`SLIPWAY_STDERR=separate` among its variables); nothing for another one. */
  readonly stderr?: boolean | undefined;
}

export interface LogChunk {
  readonly attempt: number;
  /** Where the bytes begin in the attempt's log. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Stages, submits, polls and cancels on one kind of system. */
export interface Executor extends AsyncDisposable {
  readonly apiVersion: 1;
  /** The kind: `local`, `slurm`, a plugin's own. */
  readonly name: string;

  /** Makes a bundle usable by jobs. The same digest again costs no copy. */
  stage(bundle: Bundle, options?: CallOptions): Promise<StagedCode>;

  /** Pure: the exact files and script. Throws a SlipwayError for a job that this executor can never run. */
  plan(job: Job, context: PlanContext): JobPlan;

  /**
   * Resolving means that the scheduler owns all these jobs; dependencies between them are kept. Idempotent under their tokens.
   * Rejecting means that none of them will start; with `findExperiments` only where it is a SlipwayError whose `details.submitted` is false:
   * after any other nobody can tell, and the same plans submitted again, or `findExperiments`, do. Results are in the plans' order.
   */
  submit(plans: readonly JobPlan[], options?: SubmitOptions): Promise<readonly JobHandle[]>;

  /**
   * Takes back what a submission of these plans that was cut off has left: resolving means that none of them that had not begun ever will,
   * also when the cut-off submission goes on somewhere. Absent where `cancel` of the plans' own handles does.
   */
  takeBack?(plans: readonly JobPlan[], options?: CallOptions): Promise<readonly JobHandle[]>;

  /** Asks about all jobs in one go. May omit what it has forgotten; never calls an unknown state final. */
  poll(handles: readonly JobHandle[], options?: CallOptions): Promise<ReadonlyMap<JobId, JobStatus>>;

  /** Resolving means asked. A job that has ended stays as it is. */
  cancel(handles: readonly JobHandle[], options?: CancelOptions): Promise<void>;

  /** All experiments whose records lie on the execution host, for a machine that does not know them. Absent where records stay on the machine that submits. */
  findExperiments?(options?: CallOptions): Promise<readonly FoundExperiment[]>;

  /** The job's output, from an offset; ends at once for a job without output unless it follows. */
  logs(handle: JobHandle, options?: LogOptions): AsyncIterable<LogChunk>;
}
