import type { DependencyType } from "@slipway/core";

import type { ConfigDocument } from "./document.ts";
import { dependencyTypes } from "./job-text.ts";
import { isMapping, suggest } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";

/** One entry of a job's `needs`. */
export interface Need {
  readonly job: string;
  readonly type: DependencyType;
  /** Where it stands. */
  readonly path: Path;
}

/** What a job's `needs` names; entries of a wrong shape are left to the schema. */
export function readNeeds(document: ConfigDocument, job: string): readonly Need[] {
  const path = ["jobs", job, "needs"];
  const value =
    isMapping(document.value) && isMapping(document.value["jobs"]) ? document.value["jobs"][job] : undefined;
  const needs = isMapping(value) ? value["needs"] : undefined;
  const entries = Array.isArray(needs)
    ? needs.map((entry, index) => readNeed(document, entry, [...path, index]))
    : [readNeed(document, needs, path)];
  return entries.flat();
}

function readNeed(document: ConfigDocument, entry: unknown, path: Path): readonly Need[] {
  if (!isMapping(entry)) {
    const job = document.text(path);
    return job === undefined ? [] : [{ job, type: "ok", path }];
  }
  const job = document.text([...path, "job"]);
  const type = dependencyTypes.find((known) => known === entry["type"]) ?? "ok";
  return job === undefined ? [] : [{ job, type, path: [...path, "job"] }];
}

/** Needs that no order of the jobs can meet. */
export function checkNeeds(needs: ReadonlyMap<string, readonly Need[]>): readonly Problem[] {
  const names = [...needs.keys()];
  const problems = [...needs].flatMap(([job, entries]) =>
    entries.flatMap((need, index): readonly Problem[] => {
      const { path } = need;
      if (need.job === job) return [{ path, message: "a job cannot need itself" }];
      if (!needs.has(need.job)) {
        const others = names.filter((name) => name !== job);
        return [
          {
            path,
            message: `there is no job ${JSON.stringify(need.job)}`,
            hint: suggest(need.job, others, "the other jobs are"),
          },
        ];
      }
      const isRepeated = entries.slice(0, index).some((earlier) => earlier.job === need.job);
      return isRepeated ? [{ path, message: `${need.job} is needed twice` }] : [];
    }),
  );
  return [...problems, ...findCycles(needs).map(toProblem)];
}

function toProblem(cycle: readonly Need[]): Problem {
  const last = cycle.at(-1)?.job ?? "";
  const path = cycle[0]?.path ?? [];
  return { path, message: `these jobs wait for each other: ${[last, ...cycle.map(({ job }) => job)].join(" → ")}` };
}

/** Each cycle once, as the needs that lead around it from its first job in the file; jobs that need themselves are left out. */
function findCycles(needs: ReadonlyMap<string, readonly Need[]>): readonly (readonly Need[])[] {
  const open = new Map<string, readonly Need[]>();
  for (const [job, entries] of needs)
    open.set(
      job,
      entries.filter((need) => need.job !== job && needs.has(need.job)),
    );
  const cycles: (readonly Need[])[] = [];
  for (;;) {
    removeOrdered(open);
    const [first] = open.keys();
    if (first === undefined) return cycles;
    const cycle = walkCycle(open, first);
    for (const { job } of cycle) open.delete(job);
    cycles.push(fromFirstOf(cycle, [...needs.keys()]));
  }
}

/** Takes away every job whose needs can all be met in some order. */
function removeOrdered(open: Map<string, readonly Need[]>): void {
  const dependents = new Map<string, string[]>();
  const waiting = new Map<string, number>();
  for (const [job, entries] of open) {
    const unmet = entries.filter((need) => open.has(need.job));
    waiting.set(job, unmet.length);
    for (const need of unmet) dependents.set(need.job, [...(dependents.get(need.job) ?? []), job]);
  }
  const ready = [...open.keys()].filter((job) => waiting.get(job) === 0);
  for (let job = ready.pop(); job !== undefined; job = ready.pop()) {
    open.delete(job);
    for (const dependent of dependents.get(job) ?? []) {
      const left = (waiting.get(dependent) ?? 0) - 1;
      waiting.set(dependent, left);
      if (left === 0) ready.push(dependent);
    }
  }
}

/** Every open job has an open need, so following the first one must come around. */
function walkCycle(open: ReadonlyMap<string, readonly Need[]>, start: string): readonly Need[] {
  const walked: Need[] = [];
  const seenAt = new Map<string, number>();
  for (let job = start; ;) {
    const begin = seenAt.get(job);
    if (begin !== undefined) return walked.slice(begin);
    seenAt.set(job, walked.length);
    const next = open.get(job)?.find((need) => open.has(need.job));
    if (next === undefined) throw new Error(`No open need of ${job}`);
    walked.push(next);
    job = next.job;
  }
}

function fromFirstOf(cycle: readonly Need[], order: readonly string[]): readonly Need[] {
  const names = new Set(cycle.map(({ job }) => job));
  const first = order.find((name) => names.has(name));
  const beforeFirst = cycle.findIndex(({ job }) => job === first);
  return [...cycle.slice(beforeFirst + 1), ...cycle.slice(0, beforeFirst + 1)];
}
