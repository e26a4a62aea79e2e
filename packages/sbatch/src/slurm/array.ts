import type { JobArray } from "@slipway/core";

import { SbatchError } from "../error.ts";

/**
 * A value for `--array`: `0-9,12%4`. Indices stay below `maxArraySize`, which the cluster tells (MaxArraySize). Throws SBATCH_INVALID_VALUE,
 * with `maxArraySize` in its details where an index is too big.
 */
export function renderArraySpec(
  { indices, maxRunning }: JobArray,
  { maxArraySize }: { readonly maxArraySize?: number | undefined } = {},
): string {
  const last = indices.at(-1);
  const isAscending = indices.every((index, at) => Number.isInteger(index) && index > (indices[at - 1] ?? -1));
  if (last === undefined || !isAscending) {
    throw new SbatchError(
      "SBATCH_INVALID_VALUE",
      `${JSON.stringify(indices).slice(0, 80)} are not indices of an array`,
      {
        hint: "Give at least one, ascending, each once, from 0 on",
      },
    );
  }
  if (maxRunning !== undefined && !(Number.isInteger(maxRunning) && maxRunning > 0)) {
    throw new SbatchError("SBATCH_INVALID_VALUE", `${maxRunning} elements cannot run at the same time`, {
      hint: "Use a whole number above 0, or none for all",
    });
  }
  if (maxArraySize !== undefined && last >= maxArraySize) {
    throw new SbatchError(
      "SBATCH_INVALID_VALUE",
      `Array index ${last} is too big: the cluster's MaxArraySize is ${maxArraySize}, so the last index can be ${maxArraySize - 1}`,
      { hint: "Split it into several arrays, each of which counts from 0", details: { maxArraySize } },
    );
  }
  return `${rangesOf(indices).join(",")}${maxRunning === undefined ? "" : `%${maxRunning}`}`;
}

function rangesOf(indices: readonly number[]): readonly string[] {
  const ranges: string[] = [];
  for (let begin = 0; begin < indices.length;) {
    let end = begin;
    while (indices[end + 1] === (indices[end] ?? 0) + 1) end++;
    ranges.push(begin === end ? `${indices[begin]}` : `${indices[begin]}-${indices[end]}`);
    begin = end + 1;
  }
  return ranges;
}
