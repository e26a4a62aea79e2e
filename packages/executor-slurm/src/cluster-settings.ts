import type { Job } from "@slipway/core";
import type { ContainerRuntime, Launcher, SlurmOptions, SlurmSettings, WarningSignal } from "@slipway/sbatch";

/** What is set once for all jobs of a cluster. */
export interface ClusterSettings extends SlurmSettings {
  /** What people call the cluster. */
  readonly name: string;
  /** Images by their names in experiments: a file on the cluster, or what the runtime pulls. */
  readonly containers?: Readonly<Record<string, string>>;
  /** `none` when absent. */
  readonly containerRuntime?: ContainerRuntime;
  /** For every container: `SRC:DST` or `SRC:DST:ro`. */
  readonly mounts?: readonly string[];
  /** For every job; a job's own variables count before these. */
  readonly env?: Readonly<Record<string, string>>;
  /** The site's floor for the time between two questions to Slurm; 2 when absent. */
  readonly pollMinimumSeconds?: number;
}

/** What a job may ask of Slurm beside the resources that every executor knows. */
export interface SlurmJobOptions {
  /** Indices as sbatch reads them: `0-9%4`. */
  readonly array?: string;
  /** Whether Slurm may start the job again by itself; true when absent. */
  readonly requeue?: boolean;
  readonly warning?: WarningSignal;
  readonly launcher?: Launcher;
  /** A name of `ClusterSettings.containers`, or an image. */
  readonly container?: string;
  /** For this job alone, beside the cluster's. */
  readonly mounts?: readonly string[];
  readonly srunFlags?: readonly string[];
  readonly sbatch?: SlurmOptions;
}

/** A job with what only Slurm understands; other executors do not look at it. */
export interface SlurmJob extends Job {
  readonly slurm?: SlurmJobOptions;
}

/** Where the executor works. */
export interface ClusterPlace {
  readonly host: string;
  /** Absolute, without a slash at its end. */
  readonly jobDir: string;
}
