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

/** Which end of another job of the experiment this one waits for: `ok` its success, `notok` its failure, `any` either. */
export type DependencyType = "ok" | "notok" | "any";

export interface Dependency {
  readonly job: string;
  readonly type: DependencyType;
}

/** The unit handed to an executor: one script, one native id. */
export interface Job {
  /** Unique in its experiment; a file name of its run directory (see `isJobName`). */
  readonly name: string;
  readonly command: Command;
  readonly resources: Resources;
  /** Variables set for the command, by name. */
  readonly env: Readonly<Record<string, string>>;
  readonly needs: readonly Dependency[];
}

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
