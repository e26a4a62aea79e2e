/** Takes apart what a framed command prints: noise, the marker of the start, output, and perhaps the marker of the end. */
export interface FrameReader {
  /** Gives the bytes that are the command's own. */
  read(chunk: Buffer): Buffer | undefined;
  /** Gives what was held back, once nothing more can come. */
  finish(): Buffer | undefined;
  /** What follows the start marker on its line; undefined until it was seen. */
  readonly start: string | undefined;
  /** What follows the end marker on its line; undefined until it was seen. */
  readonly end: string | undefined;
  /** The last of what came before the start. */
  readonly noise: Buffer;
}

const noiseLimitBytes = 64 * 1024;

/** `endMarker` is absent for output that ends with its stream. */
export function createFrameReader(startMarker: string, endMarker: string | undefined): FrameReader {
  const startBytes = Buffer.from(startMarker);
  const endBytes = endMarker === undefined ? undefined : Buffer.from(endMarker);
  let start: string | undefined;
  let end: string | undefined;
  let held: Buffer = Buffer.alloc(0);
  let noise: Buffer = Buffer.alloc(0);

  function readStart(): boolean {
    const at = held.indexOf(startBytes);
    const newline = at === -1 ? -1 : held.indexOf(0x0a, at);
    if (newline === -1) {
      if (at === -1 && held.length > noiseLimitBytes) held = held.subarray(-noiseLimitBytes);
      return false;
    }
    noise = held.subarray(0, at);
    start = held.toString("latin1", at + startBytes.length, newline).trim();
    held = held.subarray(newline + 1);
    return true;
  }

  /** What is surely the command's own; from the first byte on that could begin the end marker, all is held back. */
  function takeOutput(): Buffer | undefined {
    if (!endBytes) return take(held.length);
    const at = held.indexOf(endBytes);
    if (at === -1) return take(held.length - overlap(held, endBytes));
    const newline = held.indexOf(0x0a, at);
    if (newline === -1) return take(at);
    const output = take(at);
    end = held.toString("latin1", endBytes.length, newline - at).trim();
    held = Buffer.alloc(0);
    return output;
  }

  function take(length: number): Buffer | undefined {
    const output = held.subarray(0, length);
    held = held.subarray(length);
    return output.length > 0 ? output : undefined;
  }

  return {
    read(chunk) {
      if (end !== undefined) return undefined;
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      if (start === undefined && !readStart()) return undefined;
      return takeOutput();
    },
    finish() {
      return start === undefined ? undefined : take(held.length);
    },
    get start() {
      return start;
    },
    get end() {
      return end;
    },
    get noise() {
      return start === undefined ? held : noise;
    },
  };
}

/** How many bytes at the end of `bytes` are the beginning of `marker`. */
function overlap(bytes: Buffer, marker: Buffer): number {
  for (let length = Math.min(marker.length - 1, bytes.length); length > 0; length--) {
    if (bytes.subarray(-length).equals(marker.subarray(0, length))) return length;
  }
  return 0;
}
