/** Keeps the last bytes of what is added, as text. */
export interface Tail {
  readonly add: (bytes: Buffer | undefined) => void;
  readonly text: () => string;
}

export function keepTail(limitBytes: number): Tail {
  let chunks: Buffer[] = [];
  let keptBytes = 0;
  return {
    add(bytes) {
      if (bytes === undefined) return;
      chunks.push(bytes);
      keptBytes += bytes.length;
      if (keptBytes <= 2 * limitBytes) return;
      chunks = [Buffer.concat(chunks).subarray(-limitBytes)];
      keptBytes = limitBytes;
    },
    text: () => Buffer.concat(chunks).subarray(-limitBytes).toString("utf8"),
  };
}
