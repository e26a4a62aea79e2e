import type { Writable } from "node:stream";

import type { Input } from "@slipway/core";

const sliceBytes = 512 * 1024;

/**
 * Feeds a command, no faster than it reads. Rejects only with what the input itself throws: a command may stop reading,
 * or never begin to, and still succeed. `ended` resolves when the command has; the input is then closed.
 */
export async function writeInput(stream: Writable, input: Input | undefined, ended: Promise<unknown>): Promise<void> {
  stream.on("error", () => {}); // A closed pipe and its like; the command's own end tells what happened.
  let hasEnded = false;
  const atEnd = ended.then(() => {
    hasEnded = true;
  });
  if (input === undefined) return void stream.end();
  const iterator =
    typeof input === "string" || input instanceof Uint8Array ? slices(input) : input[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([iterator.next(), atEnd]);
    if (!next || hasEnded) break;
    if (next.done === true) return void stream.end();
    if (!stream.write(next.value)) await Promise.race([canTakeMore(stream), atEnd]);
  }
  await iterator.return?.(); // May wait for the input for ever; nobody waits for this.
}

/** Small enough that other channels of the same connection get their turn. */
async function* slices(input: string | Uint8Array): AsyncGenerator<Uint8Array> {
  const bytes = typeof input === "string" ? Buffer.from(input, "utf8") : input;
  for (let offset = 0; offset < bytes.length; offset += sliceBytes) yield bytes.subarray(offset, offset + sliceBytes);
}

function canTakeMore(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
  });
}
