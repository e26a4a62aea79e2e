import { setImmediate } from "node:timers/promises";

const sliceMs = 20;

/**
 * Lets synchronous work share the event loop: call and await it often; it yields every 20 ms and rejects once the signal is aborted.
 * Returns undefined in between, so that a loop need not wait for a promise each time.
 */
export function createSlices(signal: AbortSignal | undefined): () => Promise<void> | undefined {
  let sliceEnd = performance.now() + sliceMs;
  return () => {
    if (performance.now() < sliceEnd) return undefined;
    return setImmediate().then(() => {
      signal?.throwIfAborted();
      sliceEnd = performance.now() + sliceMs;
    });
  };
}
