import type { Job } from "@slipway/core";

import { readDocument } from "./document.ts";
import type { ConfigDocument } from "./document.ts";
import { checkExperiment } from "./experiment-check.ts";
import type { ExperimentConfig } from "./experiment-config.ts";
import { toJob } from "./experiment-job.ts";
import { experimentSchema, isNullKept } from "./experiment-schema.ts";
import type { ExperimentFile } from "./experiment-schema.ts";
import { parseAfter } from "./job-text.ts";
import type { AfterReference } from "./job-text.ts";
import type { Path } from "./problem.ts";
import { readConfigOrThrow } from "./read-config.ts";
import { linkName, repeatJobs } from "./repeat.ts";
import { valueDocument } from "./value-document.ts";

export interface ParseExperimentOptions {
  /** `PATH=VALUE`: values of the file that are replaced before it is read: `jobs.train.gpus=4`. The value is YAML. */
  readonly set?: readonly string[] | undefined;
  /** Names of the cluster's containers, against which those of the jobs are checked. */
  readonly containers?: readonly string[] | undefined;
}

/** Reads an experiment file's text. Throws CONFIG_INVALID with every mistake. */
export function parseExperiment(
  text: string,
  file: string,
  { set, containers }: ParseExperimentOptions = {},
): ExperimentConfig {
  return readExperiment(readDocument({ text, file, isNullKept, set }), containers);
}

/** An experiment that is written as a value of the same form as the file. Throws CONFIG_INVALID, whose places are the keys. */
export function experimentFromValue(value: ExperimentFile): ExperimentConfig {
  return readExperiment(valueDocument(value, "experiment"), undefined);
}

function readExperiment(document: ConfigDocument, containers: readonly string[] | undefined): ExperimentConfig {
  const shape = readConfigOrThrow({
    document,
    schema: experimentSchema,
    check: (content) => checkExperiment(content, containers),
  });
  return toExperiment(shape, document);
}

function toExperiment(file: ExperimentFile, document: ConfigDocument): ExperimentConfig {
  const { defaults = {} } = file;
  const cluster = document.text(["cluster"]);
  const written = Object.entries(file.jobs).map(([name, job]) => toJob({ name, job, defaults, document }));
  const repeats = Object.fromEntries(Object.entries(file.jobs).map(([name, { repeat = 1 }]) => [name, repeat]));
  const secretsByJob = Object.entries(file.jobs).flatMap(([name, { secrets = [], repeat = 1 }]) =>
    secrets.length > 0 ? linkNames(name, repeat).map((link) => [link, [...new Set(secrets)]] as const) : [],
  );
  const afterByJob = written.flatMap((job) => {
    const after = afterOf(file, job, document);
    return after.length > 0 ? [[linkNames(job.name, repeats[job.name] ?? 1)[0] ?? job.name, after] as const] : [];
  });
  const unsaidNeedsByJob = written.flatMap(({ name }) => {
    const unsaid = unsaidNeeds(file.jobs[name]?.needs).map(
      (needed) => linkNames(needed, repeats[needed] ?? 1).at(-1) ?? "",
    );
    return unsaid.length > 0 ? [[linkNames(name, repeats[name] ?? 1)[0] ?? name, unsaid] as const] : [];
  });
  return {
    name: document.text(["name"]) ?? "",
    jobs: repeatJobs(written, repeats),
    ...(cluster !== undefined && { cluster }),
    ...(secretsByJob.length > 0 && {
      secrets: [...new Set(secretsByJob.flatMap(([, names]) => names))],
      secretsByJob: Object.fromEntries(secretsByJob),
    }),
    ...(unsaidNeedsByJob.length > 0 && { unsaidNeedsByJob: Object.fromEntries(unsaidNeedsByJob) }),
    ...(afterByJob.length > 0 && { afterByJob: Object.fromEntries(afterByJob) }),
  };
}

function linkNames(name: string, times: number): readonly string[] {
  return times < 2 ? [name] : Array.from({ length: times }, (_, index) => linkName(name, index + 1));
}

/** Names of needed jobs of which only the name is written. */
function unsaidNeeds(needs: ExperimentFile["jobs"][string]["needs"]): readonly string[] {
  const entries = needs === undefined ? [] : Array.isArray(needs) ? needs : [needs];
  return entries.flatMap((need) =>
    typeof need === "object" ? (need.type === undefined ? [String(need.job)] : []) : [String(need)],
  );
}

/** The job's own, and the file's for jobs that wait for no job of the file. */
function afterOf(file: ExperimentFile, job: Job, document: ConfigDocument): readonly AfterReference[] {
  const own = readAfter(file.jobs[job.name]?.after, ["jobs", job.name, "after"], document);
  return job.needs.length > 0 ? own : [...readAfter(file.after, ["after"], document), ...own];
}

function readAfter(value: ExperimentFile["after"], path: Path, document: ConfigDocument): readonly AfterReference[] {
  if (value === undefined) return [];
  const paths = Array.isArray(value) ? value.map((_, index) => [...path, index]) : [path];
  return paths.map((at) => parseAfter(document.text(at) ?? ""));
}
