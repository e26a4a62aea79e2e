import { closeSync, openSync, renameSync, rmSync, utimesSync, writeSync } from "node:fs";

import type { ExecOptions } from "@slipway/core";

/** What is still missing of a file: so many bytes of the stream, behind which a line must say the file's size and time. */
export interface Part {
  /** Grows, and becomes the target; removed when the line says something else. */
  readonly file: string;
  readonly target: string;
  readonly bytes: number;
  readonly end: string;
  /** Seconds since 1970; the target's then. */
  readonly modifiedAt: number;
}

export interface ReceiveOptions {
  /** The stream begins behind the line that ends with it; a login shell may have said something before. */
  readonly marker: string;
  readonly signal: AbortSignal;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface Received {
  /** Parts that came to their end. */
  readonly received: number;
  /** Those of them whose files changed while they were read. */
  readonly changed: readonly Part[];
}

/**
 * Writes a stream of parts to their files as it comes, no faster than the disk takes it: what has come stays when the stream breaks off.
 * Rejects as `send` does, or with why a file could not be written.
 */
export async function receiveParts(
  parts: readonly Part[],
  { marker, signal, onBytes }: ReceiveOptions,
  send: (options: Pick<ExecOptions, "signal" | "onStdout">) => Promise<void>,
): Promise<Received> {
  const stop = new AbortController();
  const receiver = createReceiver(parts, marker, onBytes);
  const onStdout = (bytes: Uint8Array) => {
    try {
      if (!stop.signal.aborted) receiver.take(bytes);
    } catch (error) {
      stop.abort(error);
    }
  };
  try {
    await send({ signal: AbortSignal.any([signal, stop.signal]), onStdout });
  } finally {
    receiver.close();
  }
  stop.signal.throwIfAborted();
  return receiver;
}

interface Receiver extends Received {
  take(bytes: Uint8Array): void;
  close(): void;
}

function createReceiver(parts: readonly Part[], marker: string, onBytes: ReceiveOptions["onBytes"]): Receiver {
  const changed: Part[] = [];
  let place = -1; // Of the part in the stream; before the marker there is none.
  let missing = 0;
  let line = "";
  let descriptor: number | undefined;
  const close = () => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };
  const begin = (next: number) => {
    place = next;
    line = "";
    missing = parts[next]?.bytes ?? 0;
    const file = parts[next]?.file;
    if (file !== undefined) descriptor = openSync(file, "a");
  };
  const endLine = () => {
    const part = parts[place];
    if (part) {
      close();
      if (line === part.end) finish(part);
      else rmSync(part.file, { force: true });
      if (line !== part.end) changed.push(part);
      begin(place + 1);
    } else if (place < 0 && line.endsWith(marker)) begin(0);
    else line = "";
  };
  return {
    changed,
    get received() {
      return Math.max(0, place);
    },
    take(bytes) {
      let position = 0;
      while (position < bytes.length) {
        if (missing > 0 && descriptor !== undefined) {
          const written = writeSync(descriptor, bytes, position, Math.min(missing, bytes.length - position));
          position += written;
          missing -= written;
          onBytes?.(written);
          continue;
        }
        const end = bytes.indexOf(lineEnd, position);
        line += Buffer.from(bytes.subarray(position, end < 0 ? bytes.length : end)).toString("latin1");
        if (end < 0) return;
        position = end + 1;
        endLine();
      }
    },
    close,
  };
}

const lineEnd = 0x0a;

function finish({ file, target, modifiedAt }: Part): void {
  renameSync(file, target);
  utimesSync(target, modifiedAt, modifiedAt);
}
