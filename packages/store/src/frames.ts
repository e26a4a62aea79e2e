import { createPace } from "./pace.ts";
import { choosePacking } from "./packing.ts";
import type { Packing } from "./packing.ts";

export interface FrameOptions {
  readonly packing: Packing;
  /** A clock that never goes back. */
  readonly nowMs?: (() => number) | undefined;
}

/** As many pieces of a tar as Node's thread pool packs at the same time. */
const frameBytes = 2 << 20;
const framesInFlight = 2;
const unpacked = choosePacking("local", []);

/**
 * A stream in frames, each packed or as it is, whichever arrives sooner: before each a line `<packing> <bytes>`, and `end` after the
 * last. The shell's `unframe` reads them.
 */
export async function* frameStream(
  source: AsyncIterable<Uint8Array>,
  { packing, nowMs = () => performance.now() }: FrameOptions,
): AsyncGenerator<Uint8Array> {
  const pace = createPace();
  const inFlight: Frame[] = [];
  let takenAtMs = nowMs();

  async function* send(frame: Frame | undefined): AsyncGenerator<Uint8Array> {
    if (!frame) return;
    const isLate = !frame.isReady();
    const parts = await frame.parts;
    const sentBytes = lengthOf(parts);
    yield Buffer.from(`${frame.name} ${sentBytes}\n`);
    yield* parts;
    const { name, bytes } = frame;
    pace.tell({ isPacked: name !== "none", bytes, sentBytes, tookMs: nowMs() - takenAtMs, isLate });
    takenAtMs = nowMs();
  }

  for await (const pieces of gather(source)) {
    inFlight.push(startFrame(pieces, pace.packs() ? packing : unpacked));
    if (inFlight.length === framesInFlight) yield* send(inFlight.shift());
  }
  for (const frame of inFlight) yield* send(frame);
  yield Buffer.from("end\n");
}

async function* gather(source: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Uint8Array[]> {
  let pieces: Uint8Array[] = [];
  for await (const piece of source) {
    pieces.push(piece);
    if (lengthOf(pieces) < frameBytes) continue;
    yield pieces;
    pieces = [];
  }
  if (pieces.length > 0) yield pieces;
}

interface Frame {
  readonly name: Packing["name"];
  readonly bytes: number;
  readonly parts: Promise<readonly Uint8Array[]>;
  readonly isReady: () => boolean;
}

function startFrame(pieces: readonly Uint8Array[], packing: Packing): Frame {
  const parts = Promise.all(pieces.map((piece) => packing.pack(piece)));
  let ready = false;
  parts.then(
    () => (ready = true),
    () => (ready = true), // Awaited when its turn comes, unless an earlier one failed.
  );
  return { name: packing.name, bytes: lengthOf(pieces), parts, isReady: () => ready };
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
