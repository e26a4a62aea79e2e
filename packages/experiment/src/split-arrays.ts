import { quoteShell } from "@slipway/core";
import type { ArrayElement, Command, Dependency, Job, JobArray } from "@slipway/core";

import { ExperimentError } from "./error.ts";

/**
 * Arrays that a scheduler would refuse, as several jobs: `train` becomes `train.1`, `train.2`, …, whose indices stay below the limit. Each element
 * finds its own index in SLIPWAY_ARRAY_INDEX. Who needs `train` needs all of them. Throws EXPERIMENT_INVALID for a need of the array's failure.
 */
export function splitArrays(jobs: readonly Job[], maxArraySize: number): readonly Job[] {
  const chunks = new Map(
    jobs.flatMap((job) => {
      const split = job.array && splitArray(job.array, job.command, maxArraySize);
      return split && split.length > 0 ? [[job.name, split] as const] : [];
    }),
  );
  if (chunks.size === 0) return jobs;
  const namesOf = (name: string) => (chunks.get(name) ?? []).map((_, index) => chunkName(name, index));
  return jobs.flatMap((job) => {
    const own = chunks.get(job.name);
    if (!own) return [{ ...job, needs: job.needs.flatMap((need) => spread(need, namesOf(need.job), job)) }];
    return own.map((array, index): Job => {
      const needs = job.needs.flatMap((need) =>
        need.type === "corresponding" && chunks.has(need.job)
          ? [{ ...need, job: chunkName(need.job, index) }]
          : spread(need, namesOf(need.job), job),
      );
      const runDirOf = job.runDirOf === undefined ? {} : { runDirOf: chunkName(job.runDirOf, index) };
      return { ...job, name: chunkName(job.name, index), array, needs, ...runDirOf };
    });
  });
}

function chunkName(name: string, index: number): string {
  return `${name}.${index + 1}`;
}

function spread(need: Dependency, names: readonly string[], { name }: Job): readonly Dependency[] {
  if (need.experiment !== undefined || names.length === 0) return [need];
  if (need.type === "notok" || need.type === "corresponding") {
    throw new ExperimentError(
      "EXPERIMENT_INVALID",
      `${name} cannot need ${need.job} with type ${need.type}: the array is over the cluster's limit and becomes ${names.length} jobs`,
      { hint: "Make the array smaller, or need it with type ok or any" },
    );
  }
  return names.map((job) => ({ ...need, job }));
}

/** Empty for an array that is within the limit. */
function splitArray(array: JobArray, command: Command, maxArraySize: number): readonly JobArray[] {
  const { indices, maxRunning, elements } = array;
  if (indices.every((index) => index < maxArraySize)) return [];
  const count = Math.ceil(indices.length / maxArraySize);
  return Array.from({ length: count }, (_, chunk) => {
    const own = indices.slice(chunk * maxArraySize, (chunk + 1) * maxArraySize);
    return {
      indices: own.map((_index, position) => position),
      ...(maxRunning !== undefined && { maxRunning: Math.max(1, Math.floor(maxRunning / count)) }),
      elements: Object.fromEntries(
        own.map((index, position) => [position, withIndex(elements?.[index] ?? { command, values: {} }, index)]),
      ),
    };
  });
}

function withIndex({ command, values }: ArrayElement, index: number): ArrayElement {
  const own: Command =
    command.kind === "shell"
      ? { kind: "shell", lines: [`export SLIPWAY_ARRAY_INDEX=${quoteShell(String(index))}`, ...command.lines] }
      : { kind: "argv", argv: ["env", `SLIPWAY_ARRAY_INDEX=${index}`, ...command.argv] };
  return { command: own, values };
}
