import { isFinalState } from "@slipway/core";
import type { Clock, JobHandle, JobStatus, LogChunk, LogOptions, Transport } from "@slipway/core";
import { memberPrefix } from "@slipway/sbatch";

import { SlurmExecutorError } from "./error.ts";
import { renderLogScript } from "./log-script.ts";
import { readLogStream } from "./log-stream.ts";
import type { LogStep } from "./log-stream.ts";

export interface LogContext {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Asks about the job, never accounting; undefined when nothing is left of it. */
  readonly poll: (handle: JobHandle, signal: AbortSignal | undefined) => Promise<JobStatus | undefined>;
}

const pauseMs = 300;

/** The job's output from an offset on; follows, over requeues, until the state is final and all is read. Each byte comes once. */
export async function* readLogs(
  handle: JobHandle,
  { transport, clock, poll }: LogContext,
  { attempt, arrayIndex, offset = 0, follow = false, signal }: LogOptions = {},
): AsyncGenerator<LogChunk, void> {
  const prefix = arrayIndex === undefined ? "" : memberPrefix(arrayIndex);
  let position = { attempt: attempt ?? 0, offset };
  let endedAttempt = 0;
  for (;;) {
    signal?.throwIfAborted();
    const status = follow ? await poll(handle, signal) : undefined; // Asked first: what comes after the last word is not missed.
    const isOver = !status || isFinalState(status.state);
    const options = { runDir: handle.runDir, id: handle.id, prefix, advances: attempt === undefined, follow: !isOver };
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

function gone({ runDir, job }: JobHandle): SlurmExecutorError {
  return new SlurmExecutorError("EXECUTOR_JOB_NOT_FOUND", `The run directory of job ${job} is gone: ${runDir}`, {
    hint: "It was removed by hand or by the cleaner; its log went with it",
  });
}
