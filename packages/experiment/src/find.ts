import { nearest } from "@slipway/core";
import type { ExperimentRecord, RecordedJob } from "@slipway/core";

import { ExperimentError } from "./error.ts";

export interface Found {
  readonly record: ExperimentRecord;
  /** The jobs that were meant: one with `EXP/JOB`, else all. */
  readonly jobs: readonly RecordedJob[];
}

/** Finds `EXP` or `EXP/JOB` among records; EXP is an id, the beginning of one, or the name of a single experiment. */
export function findExperiment(target: string, records: readonly ExperimentRecord[]): Found {
  const slash = target.indexOf("/");
  const record = findRecord(slash < 0 ? target : target.slice(0, slash), records);
  return slash < 0 ? { record, jobs: record.jobs } : { record, jobs: [findJob(target.slice(slash + 1), record)] };
}

function findRecord(wanted: string, records: readonly ExperimentRecord[]): ExperimentRecord {
  const exact = records.find(({ id }) => id === wanted);
  if (exact) return exact;
  const named = records.filter(({ id, name }) => name === wanted || (wanted !== "" && id.startsWith(wanted)));
  if (named.length === 1 && named[0]) return named[0];
  if (named.length > 1) {
    const ids = named.map(({ id, createdAt }) => `${id} (${createdAt})`);
    const shown = ids.length > 10 ? [...ids.slice(0, 10), `and ${ids.length - 10} more`] : ids;
    throw new ExperimentError(
      "EXPERIMENT_AMBIGUOUS",
      `${JSON.stringify(wanted)} may be any of ${ids.length} experiments`,
      {
        hint: `Say which: ${shown.join(", ")}`,
        details: { candidates: named.map(({ id }) => id) },
      },
    );
  }
  const near = nearest(wanted, new Set(records.flatMap(({ id, name }) => [id, name])));
  throw new ExperimentError("EXPERIMENT_NOT_FOUND", `There is no experiment ${JSON.stringify(wanted)}`, {
    hint: near === undefined ? "See them all: slipway list" : `Did you mean ${near}? See them all: slipway list`,
  });
}

function findJob(wanted: string, { id, jobs }: ExperimentRecord): RecordedJob {
  const names = jobs.map(({ name }) => name);
  const exact = jobs.find(({ name }) => name === wanted);
  if (exact) return exact;
  const begun = jobs.filter(({ name }) => wanted !== "" && name.startsWith(wanted));
  if (begun.length === 1 && begun[0]) return begun[0];
  if (begun.length > 1) {
    throw new ExperimentError(
      "EXPERIMENT_AMBIGUOUS",
      `${JSON.stringify(wanted)} may be any of ${begun.length} jobs of ${id}`,
      {
        hint: `Say which: ${begun.map(({ name }) => name).join(", ")}`,
        details: { candidates: begun.map(({ name }) => name) },
      },
    );
  }
  const near = nearest(wanted, names);
  throw new ExperimentError("EXPERIMENT_JOB_NOT_FOUND", `The experiment ${id} has no job ${JSON.stringify(wanted)}`, {
    hint: near === undefined ? `Its jobs are: ${names.join(", ")}` : `Did you mean ${id}/${near}?`,
  });
}
