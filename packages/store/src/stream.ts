/** The same bytes, counted as they are taken. */
export function countBytes(source: AsyncIterable<Uint8Array>): {
  readonly stream: AsyncIterable<Uint8Array>;
  readonly bytes: () => number;
} {
  let count = 0;
  async function* stream() {
    for await (const bytes of source) {
      count += bytes.byteLength;
      yield bytes;
    }
  }
  return { stream: stream(), bytes: () => count };
}
