import type { ContainerRuntime, SlurmSettings } from "@slipway/sbatch";

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

/** Where the executor works. */
export interface ClusterPlace {
  readonly host: string;
  /** Absolute, without a slash at its end. */
  readonly jobDir: string;
}
