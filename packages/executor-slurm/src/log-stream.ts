import type { Transport } from "@slipway/core";

import { newTag, streamScript } from "./remote.ts";

export type LogStep =
  | { readonly type: "bytes"; readonly attempt: number; readonly offset: number; readonly bytes: Uint8Array }
  /** There is more from here on. */
  | { readonly type: "more"; readonly attempt: number; readonly offset: number }
  /** `hasEnded`: the attempt's end is recorded. */
  | { readonly type: "done"; readonly attempt: number; readonly offset: number; readonly hasEnded: boolean }
  | { readonly type: "gone" };

export interface LogStreamOptions {
  readonly transport: Transport;
  readonly script: string;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a log script and gives what it prints as it comes. The last step is none of the bytes; without one the command was cut off. */
export async function* readLogStream({ transport, script, signal }: LogStreamOptions): AsyncGenerator<LogStep, void> {
  const tag = newTag();
  const abandon = new AbortController();
  const parser = createStepParser(tag);
  let wake = () => {};
  const onStdout = (bytes: Uint8Array) => {
    parser.push(bytes);
    wake();
  };
  let isOver = false;
  const combined = signal ? AbortSignal.any([signal, abandon.signal]) : abandon.signal;
  const command = streamScript(transport, script, { tag, signal: combined, onStdout }).finally(() => {
    isOver = true;
    wake();
  });
  command.catch(() => {}); // It is awaited below, unless nobody reads on.
  try {
    for (;;) {
      const arrived = new Promise<void>((resolve) => {
        wake = resolve;
      });
      yield* parser.take();
      if (isOver) break;
      await arrived;
    }
    await command;
    yield* parser.take();
  } finally {
    abandon.abort(new Error("Nobody reads this log any more"));
  }
}

/** Splits a stream into steps; `BYTES` are passed on before all of them have come. Source of the form: `renderLogScript`. */
function createStepParser(tag: string) {
  const mark = Buffer.from(`\n${tag} `);
  let buffer: Buffer = Buffer.alloc(0);
  let expected: { readonly attempt: number; readonly offset: number; readonly count: number } | undefined;

  function next(): LogStep | undefined {
    for (;;) {
      if (expected) {
        if (buffer.length === 0) return undefined;
        const { attempt, offset, count } = expected;
        const bytes = buffer.subarray(0, count);
        buffer = buffer.subarray(bytes.length);
        const left = count - bytes.length;
        expected = left > 0 ? { attempt, offset: offset + bytes.length, count: left } : undefined;
        return { type: "bytes", attempt, offset, bytes };
      }
      const begin = buffer.indexOf(mark);
      const end = begin < 0 ? -1 : buffer.indexOf("\n", begin + mark.length);
      if (end < 0) return undefined;
      const [word, ...rest] = buffer
        .subarray(begin + mark.length, end)
        .toString("latin1")
        .split(" ");
      // The line's own end begins the next mark, unless bytes follow it.
      buffer = buffer.subarray(word === "BYTES" ? end + 1 : end);
      const [attempt = 0, offset = 0, count = 0] = rest.map(Number);
      if (word === "BYTES") expected = count > 0 ? { attempt, offset, count } : undefined;
      if (word === "MORE") return { type: "more", attempt, offset };
      if (word === "DONE") return { type: "done", attempt, offset, hasEnded: rest[2] === "ended" };
      if (word === "GONE") return { type: "gone" };
    }
  }

  return {
    push(bytes: Uint8Array) {
      buffer = buffer.length === 0 ? Buffer.from(bytes) : Buffer.concat([buffer, bytes]);
    },
    *take(): Generator<LogStep, void> {
      for (let step = next(); step; step = next()) yield step;
    },
  };
}
