import type { JobState } from "@slipway/core";

export const exitCodes = {
  success: 0,
  jobFailed: 1,
  wrongUse: 2,
  unreachable: 3,
  refused: 4,
  packaging: 5,
  notFound: 6,
  cancelled: 7,
  internal: 8,
  interrupted: 130,
} as const;

const byCode: Readonly<Record<string, number>> = {
  CLI_USAGE: exitCodes.wrongUse,
  CLI_NOT_THERE: exitCodes.notFound,
  CLI_CODE_GONE: exitCodes.notFound,
  CLI_CODE_DAMAGED: exitCodes.refused,
  CLI_PULL_FAILED: exitCodes.refused,
  CLI_CANNOT_WRITE: exitCodes.refused,
  CONFIG_CLUSTER_NOT_FOUND: exitCodes.notFound,
  EXPERIMENT_INVALID: exitCodes.wrongUse,
  EXPERIMENT_CYCLE: exitCodes.wrongUse,
  EXPERIMENT_AMBIGUOUS: exitCodes.wrongUse,
  EXPERIMENT_NOT_FOUND: exitCodes.notFound,
  EXPERIMENT_JOB_NOT_FOUND: exitCodes.notFound,
  CLEANER_EXPERIMENT_NOT_FOUND: exitCodes.notFound,
  CLEANER_NO_ANSWER: exitCodes.unreachable,
  CLEANER_NOT_A_NEMO_HOME: exitCodes.wrongUse,
  CLEANER_UNSAFE_ROOT: exitCodes.wrongUse,
  EXECUTOR_COMMAND_NOT_FOUND: exitCodes.wrongUse,
  EXECUTOR_SLURM_UNREACHABLE: exitCodes.unreachable,
};

const byPrefix: readonly (readonly [prefix: string, exitCode: number])[] = [
  ["CONFIG_", exitCodes.wrongUse],
  ["PACKAGER_", exitCodes.packaging],
  ["TRANSPORT_", exitCodes.unreachable],
  ["SSH_", exitCodes.unreachable],
  ["SBATCH_", exitCodes.wrongUse],
  ["STORE_", exitCodes.refused],
  ["CLEANER_", exitCodes.refused],
  ["EXECUTOR_", exitCodes.refused],
  ["EXPERIMENT_", exitCodes.refused],
];

/** The kind of failure, for an error's code. One that is not ours is of somebody's executor. */
export function exitCodeOfError(code: string): number {
  return byCode[code] ?? byPrefix.find(([prefix]) => code.startsWith(prefix))?.[1] ?? exitCodes.refused;
}

const byState: Readonly<Record<JobState, number>> = {
  queued: exitCodes.success,
  running: exitCodes.success,
  succeeded: exitCodes.success,
  failed: exitCodes.jobFailed,
  timed_out: exitCodes.jobFailed,
  cancelled: exitCodes.cancelled,
  unknown: exitCodes.unreachable,
};

export interface Outcome {
  readonly state: JobState;
  readonly cluster: string;
  readonly jobs: readonly { readonly exitCode?: number; readonly signal?: number }[];
}

/** The process's exit code after an experiment: a single local job's own one, a shell's 128 + n after a signal. */
export function exitCodeOfOutcome({ state, cluster, jobs }: Outcome): number {
  const [job] = jobs;
  if (state === "failed" && cluster === "local" && jobs.length === 1 && job) {
    if (job.exitCode !== undefined && job.exitCode !== 0) return job.exitCode;
    if (job.signal !== undefined) return 128 + job.signal;
  }
  return byState[state];
}
