/** What a job runs: an argument list, or lines for bash (run with `-e` and `pipefail`). */
export type Command =
  | { readonly kind: "argv"; readonly argv: readonly string[] }
  | { readonly kind: "shell"; readonly lines: readonly string[] };

/** What a job asks of the system it runs on; absent means the system's default. */
export interface Resources {
  readonly nodes?: number;
  readonly tasksPerNode?: number;
  readonly gpusPerNode?: number;
  readonly cpusPerTask?: number;
  readonly memoryMiB?: number;
  readonly timeLimitSeconds?: number;
  readonly partition?: string;
  readonly account?: string;
  readonly qos?: string;
}

/**
 * Which end of another job this one waits for: `ok` its success, `notok` its failure, `any` either; `corresponding` the success of the
 * other's array element of the same index.
 */
export type DependencyType = "ok" | "notok" | "any" | "corresponding";

export interface Dependency {
  readonly job: string;
  readonly type: DependencyType;
  /** Another experiment, of the same cluster, that has the job; this one when absent. */
  readonly experiment?: string;
}

/** The unit handed to an executor: one script, one native id. */
export interface Job {
  /** Unique in its experiment; a file name of its run directory (see `isJobName`). */
  readonly name: string;
  /** Of a group, its first member's. */
  readonly command: Command;
  readonly resources: Resources;
  /** Variables set for the command, by name. */
  readonly env: Readonly<Record<string, string>>;
  readonly needs: readonly Dependency[];
  /** The command runs once for each element, with a log and an end of its own. */
  readonly array?: JobArray;
  /** Several commands at the same time in one allocation, in place of `command`; at least two. */
  readonly group?: readonly GroupMember[];
  /** How often the job begins again, by what ended it; never when absent. */
  readonly retries?: Retries;
  /** A signal to the command before its time limit. */
  readonly warning?: WarningSignal;
  /** A container that the cluster names, or an image. */
  readonly container?: string;
  /** For the container: `SRC:DST` or `SRC:DST:ro`. */
  readonly mounts?: readonly string[];
  readonly launcher?: Launcher;
  /** `shared` (when absent): the read-only code of the store. `copy`: a writable one, of each attempt's own. */
  readonly workdir?: "shared" | "copy";
  /** Another job of the experiment, needed by this one, in whose `SLIPWAY_RUN_DIR` this one goes on: a chain that resumes. Its own when absent. */
  readonly runDirOf?: string;
  /** Further options of sbatch, by long name; only Slurm understands them. */
  readonly sbatch?: Readonly<Record<string, string | number | boolean>>;
}

export interface JobArray {
  /** Distinct, ascending, from 0. */
  readonly indices: readonly number[];
  /** How many may run at the same time; all when absent. */
  readonly maxRunning?: number;
  /** By index: where elements differ, each has its own command in place of the job's. */
  readonly elements?: Readonly<Record<string, ArrayElement>>;
}

export interface ArrayElement {
  readonly command: Command;
  /** What the element was made of: matrix keys and their values. */
  readonly values: Readonly<Record<string, string>>;
}

/** One of several commands of a job. The first that fails ends the others, and that is the job's failure. */
export interface GroupMember {
  /** Unique in its group; part of its log's name (see `isJobName`). */
  readonly name: string;
  readonly command: Command;
  /** What differs from the job's resources; members of different sizes make a heterogeneous job of Slurm. */
  readonly resources: Resources;
  /** Beside the job's variables; these count before them. */
  readonly env: Readonly<Record<string, string>>;
  readonly container?: string;
  readonly mounts?: readonly string[];
  /** When it succeeds the others are ended, and that is the job's success: a client whose server has no end of its own. */
  readonly endsGroup?: boolean;
}

/** How often at most, by cause; `Infinity` is written as `"unlimited"`. */
export type RetryBudget = number | "unlimited";

/** The command of a job with retries that exits with 75 (EX_TEMPFAIL of sysexits.h) asks to begin again, and is counted by `requested`: unlimited when absent. */
export interface Retries {
  readonly timeout?: RetryBudget;
  readonly preempted?: RetryBudget;
  readonly nodeFailed?: RetryBudget;
  readonly failed?: RetryBudget;
  readonly requested?: RetryBudget;
}

export interface WarningSignal {
  /** Without `SIG`: `USR1`. */
  readonly signalName: string;
  readonly secondsBefore: number;
}

export type Launcher = "none" | "torchrun";

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** Names that are safe as a file name, in a shell, in Slurm and in `EXP/JOB`: letters, digits, `_ . -`, at most 63, first a letter or digit. */
export function isJobName(name: string): boolean {
  return namePattern.test(name);
}

const environmentNamePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Source: POSIX.1-2017, XBD 3.235 (Name). */
export function isEnvironmentName(name: string): boolean {
  return environmentNamePattern.test(name);
}
