import type { Writable } from "node:stream";

import type { Input } from "@slipway/core";

/**
 * Feeds a command, no faster than it reads. Rejects only with what the input itself throws: a command may stop reading,
 * or never begin to, and still succeed.
 */
export async function writeInput(stream: Writable, input: Input): Promise<void> {
  stream.on("error", () => {}); // EPIPE and its like; the command's own end tells what happened.
  if (typeof input === "string" || input instanceof Uint8Array) {
    stream.end(input);
    return;
  }
  for await (const bytes of input) {
    if (stream.destroyed) return;
    if (!stream.write(bytes)) await canTakeMore(stream);
    if (stream.destroyed) return;
  }
  stream.end();
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
