const sliceMs = 20;

/**
 * Lets synchronous work share the event loop: call and await it often; it yields every 20 ms and rejects once the signal is aborted.
 * Returns undefined in between, so that a loop need not wait for a promise each time.
 */
export function createSlices(signal: AbortSignal | undefined): () => Promise<void> | undefined {
  let sliceStart = Date.now();
  return () => {
    const elapsedMs = Date.now() - sliceStart;
    if (elapsedMs >= 0 && elapsedMs < sliceMs) return undefined; // Below 0 the clock was set back.
    return new Promise((resolve) => setImmediate(resolve)).then(() => {
      signal?.throwIfAborted();
      sliceStart = Date.now();
    });
  };
}
