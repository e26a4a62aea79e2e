/** How to reach and use one cluster. Paths are on the cluster unless it says otherwise. */
export interface ClusterConfig {
  /** The file's name without its ending; `local` for this machine. */
  readonly name: string;
  /** The file it was read from; absent for `local` without a file. */
  readonly file?: string;
  /** Files of the same name further down the lookup order, which were not read. */
  readonly shadows: readonly string[];
  /** `local`, `slurm`, or the name or path of a custom executor. */
  readonly executor: string;
  /** For a custom executor, which checks them itself. */
  readonly executorOptions: Readonly<Record<string, unknown>>;
  /** Absent when jobs start from this machine. */
  readonly ssh?: SshTarget;
  /** Absolute; code, records, scripts and logs live below it. */
  readonly jobDir?: string;
  readonly account?: string;
  readonly partition?: string;
  /** Used by jobs that ask for no GPU. */
  readonly cpuPartition?: string;
  readonly qos?: string;
  /** Goes before every native job name. */
  readonly jobNamePrefix: string;
  /** Images by the names that jobs use. */
  readonly containers: Readonly<Record<string, string>>;
  readonly containerRuntime?: ContainerRuntime;
  readonly mounts: readonly Mount[];
  /** Variables for every job. */
  readonly env: readonly EnvironmentRule[];
  /** Names whose values come from the caller's shell and are never written to a script, a log or a record. */
  readonly secrets: readonly string[];
  readonly defaultTimeLimitSeconds?: number;
  readonly timeLimitSecondsByPartition: Readonly<Record<string, number>>;
  /** Which end of a needed job starts its dependents where the experiment does not say. */
  readonly dependencyType: "ok" | "any" | "notok";
  /** For clusters that refuse `--gpus-per-node`. */
  readonly omitGpusPerNode: boolean;
  /** Whether HF_HOME need not lie below a mount, where a preset asks for it. */
  readonly skipsHfHomeCheck: boolean;
  /** As `sbatch --mail-type` reads it. */
  readonly mailType?: string;
  readonly mailUser?: string;
  /** Further sbatch options by long name; true for one without a value, false for one that is not to be given. */
  readonly sbatch: Readonly<Record<string, string | boolean>>;
  /** The site's floor between two questions to Slurm. */
  readonly pollMinSeconds?: number;
  readonly clean: CleanSettings;
}

export interface SshTarget {
  /** A host, or an alias of ssh_config. */
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  /** A private key on this machine. */
  readonly identityFile?: string;
  /** A shell command that goes before every remote command. */
  readonly preCommand?: string;
  readonly transport: "auto" | "ssh2" | "openssh";
}

export type ContainerRuntime = "pyxis" | "apptainer" | "singularity" | "podman" | "docker" | "none";

/** A directory or file made visible in containers. Both sides may hold `${NAME}`; the source may be `{NAME}` whole. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** A variable for every job. */
export interface EnvironmentRule {
  readonly name: string;
  /** As it is written; without one the caller's shell gives the value. */
  readonly value?: string;
  /** Whether a job without a value for it is refused. */
  readonly isRequired: boolean;
}

/** What the cleaner may remove; absent means its own default. */
export interface CleanSettings {
  readonly maxAgeSeconds?: number;
  readonly maxBytes?: number;
  readonly maxInodes?: number;
  readonly keepLast?: number;
  readonly runsMaxAgeSeconds?: number;
  readonly auto?: boolean;
}
