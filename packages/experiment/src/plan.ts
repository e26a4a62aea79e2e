import { isSlipwayError } from "@slipway/core";
import type { Bundle, Executor, Experiment, JobPlan, RecordedCode, StagedCode } from "@slipway/core";

import { orderJobs } from "./graph.ts";
import { splitArrays } from "./split-arrays.ts";

export interface PlanOptions {
  readonly experiment: Experiment;
  readonly id: string;
  readonly executor: Executor;
  readonly bundle: Bundle;
  readonly code: StagedCode;
  /** By job, then by variable: values that must reach the job and are written to no script, log or record. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
}

/**
 * What would be submitted, dependencies first. Pure. An array that the executor refuses as too big, with its `maxArraySize` in the error's details,
 * becomes several jobs (see `splitArrays`).
 */
export function planExperiment(options: PlanOptions): readonly JobPlan[] {
  return planFitting(options).plans;
}

/** The jobs as they are submitted, with their secrets and plans. */
export interface FittingPlan {
  readonly experiment: Experiment;
  readonly secrets: NonNullable<PlanOptions["secrets"]>;
  readonly plans: readonly JobPlan[];
}

export function planFitting(options: PlanOptions): FittingPlan {
  const { experiment, secrets = {} } = options;
  const ordered = orderJobs(experiment);
  try {
    const plans = planJobs(ordered, { ...options, secrets });
    return { experiment, secrets, plans };
  } catch (error) {
    const limit = maxArraySizeIn(error);
    const jobs = limit === undefined ? experiment.jobs : splitArrays(experiment.jobs, limit);
    if (jobs === experiment.jobs) throw error;
    const secretsOf = (name: string) => secrets[name] ?? secrets[name.replace(/\.\d+$/, "")] ?? {};
    const ofJobs = Object.fromEntries(jobs.map(({ name }) => [name, secretsOf(name)]));
    return planFitting({ ...options, experiment: { ...experiment, jobs }, secrets: ofJobs });
  }
}

function planJobs(
  ordered: Experiment["jobs"],
  { id, executor, bundle, code, secrets = {} }: PlanOptions,
): readonly JobPlan[] {
  const { digest, manifest, source } = bundle;
  const comments = describeCode({ ...source, digest, files: filesOf(bundle), bytes: manifest.bytes });
  return ordered.map((job) =>
    executor.plan(job, { experiment: id, code, secrets: secrets[job.name] ?? {}, comments, tryNumber: 1 }),
  );
}

function maxArraySizeIn(error: unknown): number | undefined {
  const details = isSlipwayError(error) ? error.details : undefined;
  if (typeof details !== "object" || details === null || !("maxArraySize" in details)) return undefined;
  const { maxArraySize } = details;
  return typeof maxArraySize === "number" && maxArraySize > 0 ? maxArraySize : undefined;
}

/** Lines for people at the top of a script. */
export function describeCode(code: DescribedCode): readonly string[] {
  const commit = code.commit === undefined ? "no commit" : `commit ${code.commit}`;
  const branch = code.branch === undefined ? "" : ` on ${code.branch}`;
  const dirty = code.dirty ? ", with uncommitted changes" : "";
  return [`code: ${code.digest}`, `      files: ${code.files}, bytes: ${code.bytes}; ${commit}${branch}${dirty}`];
}

type DescribedCode = Pick<RecordedCode, "digest" | "files" | "bytes" | "commit" | "branch" | "dirty">;

export function filesOf({ manifest }: Bundle): number {
  return manifest.files + manifest.symlinks;
}
