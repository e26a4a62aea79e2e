/** sacct's and scontrol's `E:S`, as it stands. */
export interface SlurmExitCode {
  readonly code: number;
  readonly signal: number;
}

/** Undefined for what is not `E:S` with numbers from 0 to 255. */
export function parseSlurmExitCode(text: string): SlurmExitCode | undefined {
  const [, code, signal] = /^(\d{1,3}):(\d{1,3})$/.exec(text) ?? [];
  if (Number(code) > 255 || Number(signal) > 255 || code === undefined || signal === undefined) return undefined;
  return { code: Number(code), signal: Number(signal) };
}

/** What an `E:S` of a failed job says about its end. */
export interface ToldExit {
  readonly exitCode?: number;
  readonly signal?: number;
  readonly reason?: string;
}

/** Source: slurm/slurm_errno.h and slurmstepd: 125 is SIG_OOM; 53 is what a step gets whose output or directory cannot be opened. */
const outOfMemorySignal = 125;
const launchFailureSignal = 53;

/** ABRT, KILL, SEGV and TERM, which end most commands that a signal ends. */
const deadlySignals: ReadonlySet<number> = new Set([6, 9, 11, 15]);

/**
 * 22.05 tells exit codes above 128 less 128: `9:0` may be `exit 9`, `exit 137` or death by SIGKILL below a shell. That is told as
 * `exit_or_signal`; the wrapper's own record knows.
 */
export function readSlurmExitCode({ code, signal }: SlurmExitCode): ToldExit {
  if (signal === outOfMemorySignal) return { reason: "out_of_memory" };
  if (signal === launchFailureSignal) return { reason: "launch_failed" };
  if (signal > 0) return signal < 128 ? { signal } : {};
  return { exitCode: code, ...(deadlySignals.has(code) && { reason: "exit_or_signal" }) };
}
