import { open, readdir } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";

import { isFinalState } from "@slipway/core";
import type { JobHandle, LogChunk, LogOptions } from "@slipway/core";

import { isErrno } from "./errno.ts";
import { LocalExecutorError } from "./error.ts";
import { readFirstAttempt } from "./first-attempt.ts";
import { observeJob } from "./observe.ts";
import type { Observer } from "./observe.ts";

const chunkBytes = 256 * 1024;
const pauseMs = 100;

/** The output of a job, of an array's element or of a group's member, from an offset on; follows through all attempts to the end. */
export async function* readLogs(
  handle: JobHandle,
  observer: Observer,
  options: LogOptions = {},
): AsyncGenerator<LogChunk, void> {
  const { attempt, offset = 0, follow = false, signal } = options;
  signal?.throwIfAborted();
  const names = logNames(options);
  let position = offset;
  for (let chosen = attempt ?? (await lastAttempt(handle, names)); ;) {
    const isOver = !follow || (await hasEnded(handle, observer, options)); // Asked first: what comes after the last word is not missed.
    const last = attempt ?? (await lastAttempt(handle, names));
    await using log = await openLog(path.join(handle.runDir, names.of(chosen)));
    if (log) {
      position = yield* drainLog(log, { attempt: chosen, position, signal });
    }
    if (chosen < last) {
      chosen = await nextAttempt(handle, names, chosen);
      position = 0;
    } else if (isOver) return;
    else await observer.clock.sleep(pauseMs, signal);
  }
}

interface LogNames {
  of(attempt: number): string;
  readonly pattern: RegExp;
}

function logNames({ arrayIndex, rank, stderr = false }: LogOptions): LogNames {
  const prefix = arrayIndex === undefined ? "" : `array-${arrayIndex}.`;
  const suffix = rank === undefined ? "" : `.${typeof rank === "number" ? `rank-${rank}` : rank}`;
  const ending = stderr ? "err" : "log";
  const escape = (text: string) => text.replaceAll(".", String.raw`\.`);
  return {
    of: (attempt) => `${prefix}attempt-${attempt}${suffix}.${ending}`,
    pattern: new RegExp(String.raw`^${escape(prefix)}attempt-([1-9]\d{0,8})${escape(suffix)}\.${ending}$`),
  };
}

interface DrainOptions {
  readonly attempt: number;
  /** Negative counts from the end. */
  readonly position: number;
  readonly signal: AbortSignal | undefined;
}

/** What is there now; the position behind it. */
async function* drainLog(
  log: FileHandle,
  { attempt, position: from, signal }: DrainOptions,
): AsyncGenerator<LogChunk, number> {
  let position = from >= 0 ? from : Math.max(0, (await log.stat()).size + from);
  for (;;) {
    signal?.throwIfAborted();
    const buffer = Buffer.allocUnsafe(chunkBytes);
    const { bytesRead } = await log.read(buffer, 0, chunkBytes, position);
    if (bytesRead === 0) return position;
    yield { attempt, offset: position, bytes: buffer.subarray(0, bytesRead) };
    position += bytesRead;
  }
}

async function hasEnded(handle: JobHandle, observer: Observer, { arrayIndex }: LogOptions): Promise<boolean> {
  const status = (await observeJob(handle, observer))?.status;
  // A group may begin again when its members have ended, an array's elements are on their own.
  const element = status?.members?.find((member) => arrayIndex !== undefined && member.arrayIndex === arrayIndex);
  const counts = element ?? status;
  return !counts || isFinalState(counts.state);
}

async function attemptsOf({ runDir, job }: JobHandle, { pattern }: LogNames): Promise<readonly number[]> {
  try {
    return (await readdir(runDir)).flatMap((name) => Number(pattern.exec(name)?.[1] ?? []));
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw error;
    throw new LocalExecutorError("EXECUTOR_JOB_NOT_FOUND", `The run directory of job ${job} is gone: ${runDir}`, {
      cause: error,
      hint: "It was removed by hand or by the cleaner; its log went with it",
    });
  }
}

/** Of the last try. */
async function lastAttempt(handle: JobHandle, names: LogNames): Promise<number> {
  return Math.max(await readFirstAttempt(handle.runDir), ...(await attemptsOf(handle, names)));
}

async function nextAttempt(handle: JobHandle, names: LogNames, after: number): Promise<number> {
  return Math.min(...(await attemptsOf(handle, names)).filter((attempt) => attempt > after));
}

async function openLog(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, "r");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}
