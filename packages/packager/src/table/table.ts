/**
 * Many files below one directory, a column for each fact: threads fill it together, and it needs a tenth of the memory that an
 * object for each file would.
 */
export interface FileTable {
  /** Holds all that follows. */
  readonly memory: SharedArrayBuffer;
  readonly count: number;
  /** For each task the next row that nobody has taken; then for each task and helper whether it is at it. */
  readonly claims: Int32Array;
  /** Of each row: size in bytes, mtimeMs, ctimeMs, inode. */
  readonly stamps: Float64Array;
  /** The sha-256 of each row whose `read` is 1. */
  readonly digests: Buffer;
  /** Where each row's name begins, and where the last one ends. */
  readonly starts: Uint32Array;
  /** One of `rowKinds` for each row. */
  readonly kinds: Uint8Array;
  readonly read: Uint8Array;
  /** Relative to the directory, sorted by their bytes, each with a zero byte after it. */
  readonly names: Buffer;
}

export const rowKinds = { unseen: 0, file: 1, executable: 2, symlink: 3, other: 4 } as const;

export const stampNumbers = 4;
export const digestBytes = 32;
const claimBytes = 32;
const numberBytes = 8;

export function createTable(count: number, nameBytes: number): FileTable {
  const rowBytes = stampNumbers * numberBytes + digestBytes + 4 + 2;
  return viewTable(new SharedArrayBuffer(claimBytes + 4 + count * rowBytes + nameBytes), count);
}

/** The columns in a table's memory, in whichever thread. */
export function viewTable(memory: SharedArrayBuffer, count: number): FileTable {
  const digestsAt = claimBytes + count * stampNumbers * numberBytes;
  const startsAt = digestsAt + count * digestBytes;
  const kindsAt = startsAt + (count + 1) * 4;
  return {
    memory,
    count,
    claims: new Int32Array(memory, 0, claimBytes / 4),
    stamps: new Float64Array(memory, claimBytes, count * stampNumbers),
    digests: Buffer.from(memory, digestsAt, count * digestBytes),
    starts: new Uint32Array(memory, startsAt, count + 1),
    kinds: new Uint8Array(memory, kindsAt, count),
    read: new Uint8Array(memory, kindsAt + count, count),
    names: Buffer.from(memory, kindsAt + 2 * count),
  };
}

/** Reads `git ls-files -s -v -z` as `parseIndex` does, where all is plain: files and links, merged, looked at by git. */
export function tableOfIndex(listed: Buffer): FileTable | undefined {
  const headBytes = listed.indexOf(9) + 1;
  const most = Math.floor(listed.length / (headBytes + 2));
  if (headBytes === 0 || most === 0) return undefined;
  const starts = new Uint32Array(most + 1);
  const names = Buffer.allocUnsafeSlow(listed.length);
  let count = 0;
  let length = 0;
  for (let at = 0; at < listed.length; count++) {
    if (count >= most || !isPlain(listed, at, headBytes)) return undefined;
    starts[count] = length;
    at += headBytes;
    let byte;
    do {
      byte = listed[at++] ?? 0;
      names[length++] = byte;
    } while (byte !== 0);
  }
  starts[count] = length;
  const table = createTable(count, length);
  table.starts.set(starts.subarray(0, count + 1));
  table.names.set(names.subarray(0, length));
  return table;
}

const [letterH, digit0, digit1, digit2, tab] = [0x48, 0x30, 0x31, 0x32, 0x09];

/** `H 100644 <id> 0\t`, or with the mode 100755 or 120000. */
function isPlain(listed: Buffer, at: number, headBytes: number): boolean {
  const isMerged = listed[at + headBytes - 2] === digit0 && listed[at + headBytes - 1] === tab;
  const type = listed[at + 3]; // The second digit: 0 a file, 2 a link, 6 a submodule.
  return listed[at] === letterH && listed[at + 2] === digit1 && (type === digit0 || type === digit2) && isMerged;
}
