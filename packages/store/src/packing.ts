import { promisify } from "node:util";
import * as zlib from "node:zlib";

/** How bytes travel; a name that the shell side knows. */
export interface Packing {
  readonly name: "none" | "gzip" | "zstd";
  pack(bytes: Uint8Array): Promise<Uint8Array>;
}

const none: Packing = { name: "none", pack: async (bytes) => bytes };
const gzip: Packing = { name: "gzip", pack: packWithGzip };

/** What both sides have, the faster first; nothing on the way to this machine itself. */
export function choosePacking(host: string, tools: readonly string[]): Packing {
  if (host === "local") return none;
  const zstd = tools.includes("zstd") ? zstdOfNode() : undefined;
  return zstd ?? (tools.includes("gzip") ? gzip : none);
}

/** Undefined when it was cut off, or is none. */
export function unpackGzip(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return zlib.gunzipSync(bytes);
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

/** Packed at the same time, at most: Node's thread pool has four threads. */
const piecesInFlight = 4;

/**
 * Each piece packed by itself, in order: one member after another is one gzip file (RFC 1952, 2.2), one frame after another one
 * zstd file (RFC 8878, 3.1).
 */
export async function* packStream(source: AsyncIterable<Uint8Array>, packing: Packing): AsyncGenerator<Uint8Array> {
  if (packing.name === "none") return yield* source;
  const inFlight: Promise<Uint8Array>[] = [];
  for await (const bytes of source) {
    const packed = packing.pack(bytes);
    packed.catch(() => {}); // Awaited when its turn comes, unless an earlier one failed.
    inFlight.push(packed);
    const first = inFlight.length >= piecesInFlight ? inFlight.shift() : undefined;
    if (first) yield await first;
  }
  for (const packed of inFlight) yield await packed;
}

function packWithGzip(bytes: Uint8Array): Promise<Uint8Array> {
  return promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gzip)(bytes, { level: 1 });
}

/** Since Node 22.15; the types of Node 20 do not know it. */
function zstdOfNode(): Packing | undefined {
  const compress = "zstdCompress" in zlib ? zlib.zstdCompress : undefined;
  if (!isCompress(compress)) return undefined;
  return { name: "zstd", pack: (bytes) => promisify(compress)(bytes, { params: { [zstdLevel]: 1 } }) };
}

/** ZSTD_c_compressionLevel of zstd.h. */
const zstdLevel = 100;

type Compress = (
  bytes: Uint8Array,
  options: { readonly params: Readonly<Record<number, number>> },
  done: (error: Error | null, packed: Uint8Array) => void,
) => void;

function isCompress(value: unknown): value is Compress {
  return typeof value === "function";
}
