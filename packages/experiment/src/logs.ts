import type { Executor, JobHandle, LogOptions } from "@slipway/core";

export interface JobOutput {
  readonly job: string;
  readonly attempt: number;
  readonly bytes: Uint8Array;
}

export interface OutputOptions extends Omit<LogOptions, "offset"> {
  /** Only so many of the last lines that are there now; all when absent. */
  readonly lastLines?: number | undefined;
}

/** One job's output, from the beginning or from its last lines on. */
export async function* jobOutput(
  executor: Executor,
  handle: JobHandle,
  options: OutputOptions = {},
): AsyncGenerator<JobOutput, void> {
  const { lastLines, ...rest } = options;
  const offset = lastLines === undefined ? 0 : await offsetOfLastLines(executor, handle, { ...rest, lastLines });
  for await (const { attempt, bytes } of executor.logs(handle, { ...rest, offset })) {
    yield { job: handle.job, attempt, bytes };
  }
}

/** Several jobs' output as it comes, whole lines of one job at a time; a last line without an end comes at its job's end. */
export async function* mergedOutput(
  executor: Executor,
  handles: readonly JobHandle[],
  options: OutputOptions = {},
): AsyncGenerator<JobOutput, void> {
  const sources = handles.map((handle) => wholeLines(jobOutput(executor, handle, options)));
  const pending = new Map(sources.map((source) => [source, next(source)]));
  try {
    while (pending.size > 0) {
      const { source, result } = await Promise.race(pending.values());
      if (result.done === true) pending.delete(source);
      else {
        pending.set(source, next(source));
        yield result.value;
      }
    }
  } finally {
    for (const waiting of pending.values()) waiting.catch(() => {}); // The first failure was thrown; the others are the same abort.
    await Promise.allSettled(sources.map((source) => source.return()));
  }
}

interface Next {
  readonly source: AsyncGenerator<JobOutput, void>;
  readonly result: IteratorResult<JobOutput, void>;
}

async function next(source: AsyncGenerator<JobOutput, void>): Promise<Next> {
  return { source, result: await source.next() };
}

const newline = 0x0a;

async function* wholeLines(source: AsyncIterable<JobOutput>): AsyncGenerator<JobOutput, void> {
  let rest: JobOutput | undefined;
  for await (const output of source) {
    const bytes = rest ? Buffer.concat([rest.bytes, output.bytes]) : output.bytes;
    const end = bytes.lastIndexOf(newline) + 1;
    if (end > 0) yield { ...output, bytes: bytes.subarray(0, end) };
    rest = end < bytes.length ? { ...output, bytes: bytes.subarray(end) } : undefined;
  }
  if (rest) yield rest;
}

const firstWindowBytes = 64 * 1024;

async function offsetOfLastLines(
  executor: Executor,
  handle: JobHandle,
  { lastLines, attempt, signal }: OutputOptions & { readonly lastLines: number },
): Promise<number> {
  for (let windowBytes = firstWindowBytes; ; windowBytes *= 4) {
    let start: number | undefined;
    const chunks: Uint8Array[] = [];
    for await (const chunk of executor.logs(handle, { attempt, signal, offset: -windowBytes })) {
      start ??= chunk.offset;
      chunks.push(chunk.bytes);
    }
    if (start === undefined) return 0;
    const tail = Buffer.concat(chunks);
    const from = startOfLastLines(tail, lastLines);
    if (from !== undefined) return start + from;
    if (start === 0) return 0;
  }
}

/** Where the last lines begin in these bytes; undefined when there are fewer lines than that. */
function startOfLastLines(bytes: Uint8Array, lines: number): number | undefined {
  if (lines <= 0) return bytes.length;
  let left = lines;
  for (let position = bytes.length - 1; position >= 0; position--) {
    const endsALine = bytes[position] === newline && position < bytes.length - 1;
    if (endsALine && --left === 0) return position + 1;
  }
  return undefined;
}
