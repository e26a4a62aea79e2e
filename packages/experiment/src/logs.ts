import type { Executor, Job, JobHandle, LogOptions } from "@slipway/core";

export interface JobOutput {
  /** The job's name, or its part's: `train[3]`, `serve.server`. */
  readonly job: string;
  readonly attempt: number;
  readonly bytes: Uint8Array;
}

/** Something that writes a log of its own: a job, an array's element, a group's member. */
export interface OutputSource extends Pick<LogOptions, "arrayIndex" | "rank"> {
  readonly label: string;
  readonly handle: JobHandle;
}

export interface OutputOptions extends Omit<LogOptions, "offset"> {
  /** Only so many of the last lines that are there now; all when absent. */
  readonly lastLines?: number | undefined;
}

/** The sources of a job's output: one, or one for each of its parts. */
export function outputSources(
  { name, array, group, handle }: Pick<Job, "name" | "array" | "group"> & { readonly handle?: JobHandle },
  { arrayIndex, rank }: Pick<LogOptions, "arrayIndex" | "rank"> = {},
): readonly OutputSource[] {
  if (!handle) return [];
  if (arrayIndex !== undefined || rank !== undefined) {
    const label = `${name}${arrayIndex === undefined ? "" : `[${arrayIndex}]`}${rank === undefined ? "" : `.${rank}`}`;
    return [{ label, handle, arrayIndex, rank }];
  }
  if (array) return array.indices.map((index) => ({ label: `${name}[${index}]`, handle, arrayIndex: index }));
  if (group) return group.map((member) => ({ label: `${name}.${member.name}`, handle, rank: member.name }));
  return [{ label: name, handle }];
}

/** One source's output, from the beginning or from its last lines on. */
export async function* jobOutput(
  executor: Executor,
  { label, handle, arrayIndex, rank }: OutputSource,
  options: OutputOptions = {},
): AsyncGenerator<JobOutput, void> {
  const { lastLines, ...rest } = { ...options, arrayIndex, rank };
  const offset = lastLines === undefined ? 0 : await offsetOfLastLines(executor, handle, { ...rest, lastLines });
  for await (const { attempt, bytes } of executor.logs(handle, { ...rest, offset })) {
    yield { job: label, attempt, bytes };
  }
}

/** Logs that are read at the same time; the next ones begin when these have ended. */
const readAtOnce = 16;

/** Several sources' output as it comes, whole lines of one at a time; a last line without an end comes at its source's end. */
export async function* mergedOutput(
  executor: Executor,
  sources: readonly OutputSource[],
  options: OutputOptions = {},
): AsyncGenerator<JobOutput, void> {
  const waiting = sources.values();
  const pending = new Map<AsyncGenerator<JobOutput, void>, Promise<Next>>();
  const begin = () => {
    const { done, value } = waiting.next();
    if (done === true) return;
    const lines = wholeLines(jobOutput(executor, value, options));
    pending.set(lines, next(lines));
  };
  for (let count = 0; count < readAtOnce; count++) begin();
  try {
    while (pending.size > 0) {
      const { source, result } = await Promise.race(pending.values());
      if (result.done === true) {
        pending.delete(source);
        begin();
      } else {
        pending.set(source, next(source));
        yield result.value;
      }
    }
  } finally {
    for (const result of pending.values()) result.catch(() => {}); // The first failure was thrown; the others are the same abort.
    await Promise.allSettled([...pending.keys()].map((source) => source.return()));
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
  { lastLines, follow: _follow, ...which }: OutputOptions & { readonly lastLines: number },
): Promise<number> {
  for (let windowBytes = firstWindowBytes; ; windowBytes *= 4) {
    let start: number | undefined;
    const chunks: Uint8Array[] = [];
    for await (const chunk of executor.logs(handle, { ...which, offset: -windowBytes })) {
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
