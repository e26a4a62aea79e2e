import type { ManifestEntry } from "@slipway/core";

export interface Progress {
  readonly sentBytes: number;
  readonly totalBytes: number;
}

const intervalMs = 100;

/** The same bytes; tells how many have been taken, a few times a second and at the end. */
export async function* tellProgress(
  source: AsyncIterable<Uint8Array>,
  { totalBytes, tell }: { readonly totalBytes: number; readonly tell: (progress: Progress) => void },
): AsyncGenerator<Uint8Array> {
  let sentBytes = 0;
  let toldAtMs = performance.now();
  for await (const bytes of source) {
    yield bytes;
    sentBytes += bytes.byteLength;
    if (performance.now() - toldAtMs < intervalMs) continue;
    toldAtMs = performance.now();
    tell({ sentBytes: Math.min(sentBytes, totalBytes), totalBytes });
  }
  tell({ sentBytes: totalBytes, totalBytes });
}

const blockBytes = 512;

/** About how long a tar of these is: a name over a hundred bytes needs some more. */
export function tarBytes(entries: Iterable<ManifestEntry>): number {
  let bytes = 2 * blockBytes;
  for (const entry of entries) bytes += blockBytes + (entry.kind === "file" ? blocks(entry.size) : 0);
  return bytes;
}

function blocks(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}
