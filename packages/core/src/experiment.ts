import type { CodeSource } from "./bundle.ts";
import type { JobHandle } from "./executor.ts";
import type { Command, Dependency, Job, Resources } from "./job.ts";
import type { Digest } from "./manifest.ts";

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

export interface RecordedJob {
  readonly name: string;
  readonly command: Command;
  readonly resources: Resources;
  /** Variables that were set. */
  readonly env: Readonly<Record<string, string>>;
  /** Names only: values are never recorded. */
  readonly secrets: readonly string[];
  readonly needs: readonly Dependency[];
  readonly token: string;
  /** Absent until the job's id is known. */
  readonly handle?: JobHandle;
}
