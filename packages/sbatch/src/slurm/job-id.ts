import { SbatchError } from "../error.ts";

export interface IndexRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** Indices of an array that wait together: `[0-9:3,12%2]`. Kept as ranges, however many they stand for. */
export interface PendingIndices {
  readonly ranges: readonly IndexRange[];
  /** True when Slurm cut the list (`...`), so that others may be among them. */
  readonly isCut: boolean;
}

/** An id as squeue's `%i` and sacct's `JobID` tell it. */
export interface SlurmJobId {
  /** The number that sbatch told: of an array or a heterogeneous job, the one of the whole. */
  readonly jobId: string;
  readonly arrayIndex?: number;
  readonly pendingIndices?: PendingIndices;
  readonly hetComponent?: number;
}

const idPattern = /^([1-9]\d{0,9})(?:_(\d{1,7})|_\[([0-9,:.%-]{1,65536})\]|\+(\d{1,4}))?$/;

/** Reads `123`, `123_4`, `123_[1-5%2]` and `123+0`; undefined for anything else, steps (`123.batch`) among them. */
export function parseSlurmJobId(text: string): SlurmJobId | undefined {
  const [, jobId, index, pending, component] = idPattern.exec(text) ?? [];
  if (jobId === undefined) return undefined;
  if (index !== undefined) return { jobId, arrayIndex: Number(index) };
  if (component !== undefined) return { jobId, hetComponent: Number(component) };
  if (pending === undefined) return { jobId };
  const pendingIndices = parsePendingIndices(pending);
  return pendingIndices && { jobId, pendingIndices };
}

export function includesIndex({ ranges }: PendingIndices, index: number): boolean {
  return ranges.some(({ first, last, step }) => index >= first && index <= last && (index - first) % step === 0);
}

function parsePendingIndices(text: string): PendingIndices | undefined {
  const [list = ""] = text.split("%", 1);
  const isCut = list.endsWith("...");
  const ranges: IndexRange[] = [];
  const items = (isCut ? list.slice(0, -3) : list).split(",").filter((item) => item !== "");
  for (const [position, item] of items.entries()) {
    const range = parseRange(item);
    // The last one before a cut may have lost digits.
    if (isCut && position === items.length - 1) break;
    if (!range) return undefined;
    ranges.push(range);
  }
  return isCut || ranges.length > 0 ? { ranges, isCut } : undefined;
}

const rangePattern = /^(\d{1,7})(?:-(\d{1,7})(?::(\d{1,7}))?)?$/;

function parseRange(text: string): IndexRange | undefined {
  const [, first, last, step = "1"] = rangePattern.exec(text) ?? [];
  if (first === undefined) return undefined;
  const range = { first: Number(first), last: Number(last ?? first), step: Number(step) };
  return range.first <= range.last && range.step > 0 ? range : undefined;
}

export interface ArraySpec {
  /** Ascending, each once. */
  readonly indices: readonly number[];
  readonly maxRunning?: number;
}

const longestSpec = 65_536;

/**
 * Reads a value for `--array`: `0-9`, `1,3,5-9:2%4`. Indices stay below `maxArraySize` (the cluster's MaxArraySize; 1001 when absent).
 * Throws SBATCH_INVALID_VALUE. Source: Slurm's _valid_array_inx().
 */
export function parseArraySpec(
  text: string,
  { maxArraySize = 1001 }: { readonly maxArraySize?: number | undefined } = {},
): ArraySpec {
  const [, list, maxRunning] = /^([^%]+?)(?:%(\d{1,7}))?$/.exec(text) ?? [];
  const ranges = list?.replaceAll(/[[\]]/g, "").split(",").map(parseRange);
  if (!ranges || ranges.includes(undefined) || text.length > longestSpec || maxRunning === "0") {
    throw new SbatchError(
      "SBATCH_INVALID_VALUE",
      `${JSON.stringify(text.slice(0, 80))} is not a list of array indices`,
      {
        hint: "Write 0-9, or 1,3,5-9:2, and %4 behind it for at most 4 at a time",
      },
    );
  }
  const indices = new Set<number>();
  for (const range of ranges) {
    if (!range) continue;
    if (range.last >= maxArraySize) {
      throw new SbatchError(
        "SBATCH_INVALID_VALUE",
        `Array index ${range.last} is too big: the limit is ${maxArraySize - 1}`,
        {
          hint: "Split it into several arrays; the limit is MaxArraySize of the cluster, less one",
        },
      );
    }
    for (let index = range.first; index <= range.last; index += range.step) indices.add(index);
  }
  return {
    indices: [...indices].sort((a, b) => a - b),
    ...(maxRunning !== undefined && { maxRunning: Number(maxRunning) }),
  };
}
