import { promisify } from "node:util";
import * as zlib from "node:zlib";

/** How bytes travel; a name that the shell side knows. */
export interface Packing {
  readonly name: "none" | "gzip" | "zstd";
  pack(bytes: Uint8Array): Promise<Uint8Array>;
  /** In the same format, without making them fewer. */
  wrap(bytes: Uint8Array): Promise<Uint8Array>;
}

const none: Packing = { name: "none", pack: async (bytes) => bytes, wrap: async (bytes) => bytes };
const gzip: Packing = { name: "gzip", pack: gzipAt(1), wrap: gzipAt(0) };

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

/** What a connection takes in before it shows how fast it is: ssh's window of 2 MiB (RFC 4254, 5.2, as OpenSSH has it), and buffers. */
const untoldBytes = 4 << 20;

/**
 * Each piece packed by itself, in order: one member after another is one gzip file (RFC 1952, 2.2), one frame after another one
 * zstd file (RFC 8878, 3.1). On a link that takes more than can be packed, some pieces go as they are.
 */
export async function* packStream(source: AsyncIterable<Uint8Array>, packing: Packing): AsyncGenerator<Uint8Array> {
  if (packing.name === "none") return yield* source;
  const inFlight: Piece[] = [];
  let packedBytes = 0;
  let isLinkWaiting = false;
  for await (const bytes of source) {
    inFlight.push(startPiece(packing, bytes, isLinkWaiting && packedBytes > untoldBytes));
    const first = inFlight.length >= piecesInFlight ? inFlight.shift() : undefined;
    if (!first) continue;
    isLinkWaiting = !first.isReady();
    const piece = await first.packed;
    packedBytes += piece.length;
    yield piece;
  }
  for (const piece of inFlight) yield await piece.packed;
}

interface Piece {
  readonly packed: Promise<Uint8Array>;
  readonly isReady: () => boolean;
}

function startPiece(packing: Packing, bytes: Uint8Array, asItIs: boolean): Piece {
  const packed = asItIs ? packing.wrap(bytes) : packing.pack(bytes);
  let ready = false;
  packed.then(
    () => (ready = true),
    () => (ready = true), // Awaited when its turn comes, unless an earlier one failed.
  );
  return { packed, isReady: () => ready };
}

function gzipAt(level: 0 | 1): Packing["pack"] {
  const compress = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gzip);
  return (bytes) => compress(bytes, { level });
}

/** Since Node 22.15; the types of Node 20 do not know it. */
function zstdOfNode(): Packing | undefined {
  const compress = "zstdCompress" in zlib ? zlib.zstdCompress : undefined;
  if (!isCompress(compress)) return undefined;
  const packAt = (level: number) => (bytes: Uint8Array) =>
    promisify(compress)(bytes, { params: { [zstdLevel]: level } });
  return { name: "zstd", pack: packAt(1), wrap: packAt(1) };
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
