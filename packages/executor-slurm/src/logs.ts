import { isFinalState, isJobName } from "@slipway/core";
import type { Clock, JobHandle, JobStatus, LogChunk, LogOptions, Transport } from "@slipway/core";
import { memberPrefix } from "@slipway/sbatch";

import { SlurmExecutorError } from "./error.ts";
import { renderLogScript } from "./log-script.ts";
import { readLogStream } from "./log-stream.ts";
import type { LogStep } from "./log-stream.ts";

export interface LogContext {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Asks about the job; undefined when nothing is left of it. Accounting is asked only where Slurm's queue does not have it. */
  readonly poll: (
    handle: JobHandle,
    options: { readonly signal: AbortSignal | undefined; readonly asksAccounting: boolean },
  ) => Promise<JobStatus | undefined>;
}

const pauseMs = 300;

/** The job's output from an offset on; follows, over requeues, until the state is final and all is read. Each byte comes once. */
export async function* readLogs(
  handle: JobHandle,
  { transport, clock, poll }: LogContext,
  { attempt, arrayIndex, rank, stderr = false, offset = 0, follow = false, signal }: LogOptions = {},
): AsyncGenerator<LogChunk, void> {
  const prefix = arrayIndex === undefined ? "" : memberPrefix(arrayIndex);
  const part = partOf(rank);
  let position = { attempt: attempt ?? 0, offset };
  let endedAttempt = 0;
  for (;;) {
    signal?.throwIfAborted();
    // Asked first: what comes after the last word is not missed.
    const isOver = !follow || (await hasEnded(handle, { poll, signal }));
    const options = {
      runDir: handle.runDir,
      id: handle.id,
      prefix,
      part,
      ending: stderr ? ("err" as const) : ("log" as const),
      advances: attempt === undefined,
      follow: !isOver,
    };
    let last: LogStep | undefined;
    do {
      const script = renderLogScript({ ...options, ...position, endedAttempt });
      for await (const step of readLogStream({ transport, script, signal })) {
        last = step;
        if (step.type === "gone") throw gone(handle);
        if (step.type === "bytes") yield { attempt: step.attempt, offset: step.offset, bytes: step.bytes };
        const end = step.type === "bytes" ? step.offset + step.bytes.length : step.offset;
        position = { attempt: step.attempt, offset: end };
      }
    } while (last?.type === "more");
    if (isOver) return;
    endedAttempt = last?.type === "done" && last.hasEnded ? last.attempt : 0;
    await clock.sleep(pauseMs, signal);
  }
}

/** Nothing more is written by a job that has ended, or that Slurm has forgotten and nobody can tell of. */
async function hasEnded(
  handle: JobHandle,
  { poll, signal }: Pick<LogContext, "poll"> & Pick<LogOptions, "signal">,
): Promise<boolean> {
  const status = await poll(handle, { signal, asksAccounting: false });
  if (!status || isFinalState(status.state)) return true;
  if (!isAbsent(status)) return false;
  const accounted = await poll(handle, { signal, asksAccounting: true });
  return !accounted || isFinalState(accounted.state) || (accounted.state === "unknown" && isAbsent(accounted));
}

function isAbsent({ evidence }: JobStatus): boolean {
  return evidence.some(({ source, value }) => source === "squeue" && value === "not listed");
}

/** What stands between the attempt and `.log` in the name of a task's or a member's own log. */
function partOf(rank: number | string | undefined): string {
  if (rank === undefined) return "";
  if (typeof rank === "number" && Number.isInteger(rank) && rank >= 0) return `.rank-${rank}`;
  if (typeof rank === "string" && isJobName(rank)) return `.${rank}`;
  throw new SlurmExecutorError("EXECUTOR_UNKNOWN_RANK", `There is no task or member ${JSON.stringify(rank)}`, {
    hint: "Give a task's number, from 0 on, or the name of a group's member",
  });
}

function gone({ runDir, job }: JobHandle): SlurmExecutorError {
  return new SlurmExecutorError("EXECUTOR_JOB_NOT_FOUND", `The run directory of job ${job} is gone: ${runDir}`, {
    hint: "It was removed by hand or by the cleaner; its log went with it",
  });
}
