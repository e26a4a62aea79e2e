import type { LeasedInstance, SizedLeftover } from "@slipway/store";

/** What lies on a host at one moment, and what is known of the jobs there. Plain values. */
export interface Inventory {
  readonly host: string;
  /** Absolute, as it was given. */
  readonly jobDir: string;
  /** Of the store, from its own layout. Absent: there is no store. */
  readonly clusterName?: string;
  readonly instances: readonly InstanceSeen[];
  readonly leftovers: readonly LeftoverSeen[];
  readonly runs: readonly RunSeen[];
  /** Half-made run directories, by their paths below the job_dir. */
  readonly unfinishedRuns: readonly { readonly path: string; readonly ageSeconds: number }[];
  readonly jobs: JobsSeen;
  readonly space: Space;
  /** When somebody last cleaned: `2026-01-31`, by the host's clock. */
  readonly lastCleaned?: string;
}

/** Of the file system, or of a quota of the user or the group there, where less of that is left; absent where nobody tells. */
export interface Space {
  readonly freeBytes?: number;
  readonly totalBytes?: number;
  readonly freeInodes?: number;
  readonly totalInodes?: number;
}

export type InstanceSeen = LeasedInstance;

export type LeftoverSeen = SizedLeftover;

/** A job's directory below `runs`. */
export interface RunSeen {
  readonly experiment: string;
  readonly job: string;
  /** Since it was made. */
  readonly ageSeconds: number;
  /** Whose it is: a number of the host's. */
  readonly userId: number;
  /** The instance that its `code` leads to. */
  readonly instance?: string;
}

/**
 * What the host says of its jobs, asked after the leases were seen. `silent`: nothing is known, and so every job may still start.
 * `slurm`: the user's own jobs that slurmctld has not forgotten, by number, with their state. `local`: the run directories of jobs
 * that live or were made a moment ago.
 */
export type JobsSeen =
  | { readonly kind: "silent"; readonly why: string }
  | {
      readonly kind: "slurm";
      readonly userId: number;
      readonly states: ReadonlyMap<string, string>;
      /** Names and comments of the jobs: tokens are among them. */
      readonly tokens: ReadonlySet<string>;
    }
  | { readonly kind: "local"; readonly userId: number; readonly live: readonly LiveRun[] };

export interface LiveRun {
  /** `<experiment>/<job>` */
  readonly run: string;
  /** `alive`: a process of it lives; `unstarted`: none has ever committed itself; `doubt`: its records cannot be read. */
  readonly state: "alive" | "unstarted" | "doubt";
  readonly ageSeconds: number;
  readonly instance?: string;
}

/** An experiment as its record tells it. */
export interface KnownExperiment {
  readonly experiment: string;
  /** What groups experiments: the repository's address, or its directory. */
  readonly project: string;
  /** ISO 8601 in UTC. */
  readonly createdAt: string;
  readonly digest: string;
}
