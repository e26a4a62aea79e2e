import { parseArray } from "./job-text.ts";
import type { Need } from "./needs.ts";
import { isMapping } from "./problem.ts";
import type { Problem } from "./problem.ts";
import { isReadBy } from "./units.ts";

/** Elements that wait for elements must have the same indices. */
export function checkCorresponding(
  needs: ReadonlyMap<string, readonly Need[]>,
  jobs: Readonly<Record<string, unknown>>,
): readonly Problem[] {
  return [...needs].flatMap(([job, entries]) =>
    entries.flatMap((need): readonly Problem[] => {
      if (need.type !== "corresponding" || !needs.has(need.job)) return [];
      const own = indicesOf(jobs[job]);
      const theirs = indicesOf(jobs[need.job]);
      const { path } = need;
      if (own === undefined || theirs === undefined) {
        const which = own === undefined ? job : need.job;
        return [{ path, message: `corresponding elements need two arrays; ${which} has neither matrix nor array` }];
      }
      if (own.join() === theirs.join()) return [];
      return [
        {
          path,
          message: `the elements of ${job} and ${need.job} do not correspond: ${own.length} and ${theirs.length}`,
        },
      ];
    }),
  );
}

/** Undefined for a job that is no array. */
function indicesOf(job: unknown): readonly number[] | undefined {
  if (!isMapping(job)) return undefined;
  const { matrix, array } = job;
  if (isMapping(matrix)) {
    const lengths = Object.values(matrix).map((values) => (Array.isArray(values) ? values.length : 1));
    const size = lengths.reduce((product, length) => product * length, 1);
    return Array.from({ length: Math.min(size, 100_000) }, (_, index) => index);
  }
  const text = typeof array === "number" ? String(array) : array;
  return typeof text === "string" && isReadBy((word) => parseArray(word).indices.length, text)
    ? parseArray(text).indices
    : undefined;
}
