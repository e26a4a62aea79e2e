import { open, readdir } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";

import { isFinalState } from "@slipway/core";
import type { JobHandle, LogChunk, LogOptions } from "@slipway/core";

import { isErrno } from "./errno.ts";
import { LocalExecutorError } from "./error.ts";
import { observeJob } from "./observe.ts";
import type { Observer } from "./observe.ts";

const chunkBytes = 256 * 1024;
const pauseMs = 100;

/** The job's output from an offset on; follows until the state is final and all is read. */
export async function* readLogs(
  handle: JobHandle,
  observer: Observer,
  { attempt, offset = 0, follow = false, signal }: LogOptions = {},
): AsyncGenerator<LogChunk, void> {
  signal?.throwIfAborted();
  for (;;) {
    const isOver = !follow || (await hasEnded(handle, observer)); // Asked first: what comes after the last word is not missed.
    const chosen = attempt ?? (await lastAttempt(handle));
    await using log = await openLog(path.join(handle.runDir, `attempt-${chosen}.log`));
    if (log) {
      yield* drain(log, chosen, {
        offset,
        follow: isOver ? undefined : () => hasEnded(handle, observer),
        observer,
        signal,
      });
      return;
    }
    if (isOver) return;
    await observer.clock.sleep(pauseMs, signal);
  }
}

interface DrainOptions {
  readonly offset: number;
  /** Resolves to true when nothing more will come; absent when that is so already. */
  readonly follow: (() => Promise<boolean>) | undefined;
  readonly observer: Observer;
  readonly signal: AbortSignal | undefined;
}

async function* drain(
  log: FileHandle,
  attempt: number,
  { offset, follow, observer, signal }: DrainOptions,
): AsyncGenerator<LogChunk, void> {
  let position = offset >= 0 ? offset : Math.max(0, (await log.stat()).size + offset);
  let isOver = follow === undefined;
  for (;;) {
    signal?.throwIfAborted();
    const buffer = Buffer.allocUnsafe(chunkBytes);
    const { bytesRead } = await log.read(buffer, 0, chunkBytes, position);
    if (bytesRead > 0) {
      yield { attempt, offset: position, bytes: buffer.subarray(0, bytesRead) };
      position += bytesRead;
    } else if (isOver || !follow) return;
    else {
      isOver = await follow();
      if (!isOver) await observer.clock.sleep(pauseMs, signal);
    }
  }
}

async function hasEnded(handle: JobHandle, observer: Observer): Promise<boolean> {
  const observation = await observeJob(handle, observer);
  return !observation || isFinalState(observation.status.state);
}

async function lastAttempt({ runDir, job }: JobHandle): Promise<number> {
  try {
    const names = await readdir(runDir);
    return Math.max(1, ...names.map((name) => Number(/^attempt-([1-9]\d{0,8})\.log$/.exec(name)?.[1] ?? 1)));
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw error;
    throw new LocalExecutorError("EXECUTOR_JOB_NOT_FOUND", `The run directory of job ${job} is gone: ${runDir}`, {
      cause: error,
      hint: "It was removed by hand or by the cleaner; its log went with it",
    });
  }
}

async function openLog(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, "r");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}
