import type { Readable } from "node:stream";

/** Collects a stream, or passes it on as it comes; what the listener throws goes to `onFailure`. */
export function collectOutput(
  stream: Readable | null,
  onBytes: ((bytes: Uint8Array) => void) | undefined,
  onFailure: (reason: unknown) => void,
): () => Uint8Array {
  const chunks: Buffer[] = [];
  stream?.on("data", (chunk: Buffer) => {
    if (!onBytes) {
      chunks.push(chunk);
      return;
    }
    try {
      onBytes(chunk);
    } catch (error) {
      onFailure(error);
    }
  });
  return () => Buffer.concat(chunks);
}

/** Keeps the last bytes of a stream as text. */
export function keepTail(stream: Readable | null, limitBytes: number): () => string {
  let chunks: Buffer[] = [];
  let keptBytes = 0;
  stream?.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    keptBytes += chunk.length;
    if (keptBytes > 2 * limitBytes) {
      chunks = [Buffer.concat(chunks).subarray(-limitBytes)];
      keptBytes = limitBytes;
    }
  });
  return () => Buffer.concat(chunks).subarray(-limitBytes).toString("utf8");
}
