import { createHash } from "node:crypto";

import { jobOf, stripUrlCredentials } from "@slipway/core";
import type { Command, DependencyType, ExperimentRecord, JobPlan, Resources } from "@slipway/core";

/** In the run directory, beside the job's results. Of an array's element: `array-N.record.json`. */
export const jobRecordFile = "record.json";

/**
 * `record.json`: what a job was and how it went, for whoever has its results and not slipway. No value of a secret stands in it, and none of a
 * variable. Times are ISO 8601 in UTC, digests sha-256 in hex. Add fields, never rename.
 */
export interface JobRecord {
  readonly version: 1;
  readonly experiment: string;
  /** For people. */
  readonly name: string;
  readonly job: string;
  /** `<experiment>.<job>.<try>` */
  readonly token: string;
  readonly cluster: string;
  /** When the experiment was submitted. */
  readonly createdAt: string;
  readonly slipwayVersion: string;
  /** Of the Node that slipway ran on, where it submitted. */
  readonly nodeVersion: string;
  readonly code: JobRecordCode;
  /** As it was submitted. */
  readonly script: { readonly path: string; readonly sha256: string };
  /** Of a group, its first member's. */
  readonly command: Command;
  readonly resources: Resources;
  readonly needs: readonly { readonly job: string; readonly type: DependencyType; readonly experiment?: string }[];
  /** Names of the variables that were set for the job, the secret ones among them. */
  readonly environment: readonly string[];
  readonly container?: string;
  readonly array?: {
    readonly indices: readonly number[];
    /** By index: matrix keys and their values. */
    readonly values?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  readonly group?: readonly { readonly name: string; readonly command: Command; readonly resources: Resources }[];
  /** Of an array those of its elements stand in `array-N.record.json`. */
  readonly attempts: readonly JobAttempt[];
}

export interface JobRecordCode {
  readonly digest: string;
  readonly commit?: string;
  readonly branch?: string;
  /** Without credentials. */
  readonly remote?: string;
  readonly dirty: boolean;
  /** Of the difference to the commit, as the experiment's record has it; absent when clean or unknown. */
  readonly patchSha256?: string;
}

/** One start of a job. One without an end runs, or left no word about its end. */
export interface JobAttempt {
  readonly number: number;
  /** Which submission of the script it belongs to. */
  readonly try?: number;
  /** Why it began: it was submitted; the one before ran into its time limit, was preempted, lost its node, failed, or asked for it; somebody put it back. */
  readonly cause: "submitted" | "timeout" | "preempted" | "node_failed" | "failed" | "requested" | "requeued";
  readonly slurmJobId?: string;
  readonly slurmVersion?: string;
  /** A host, or a hostlist of Slurm: `n[1-3,7]`. */
  readonly nodes?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly outcome?: "ended" | "cancelled" | "timed_out";
  readonly exitCode?: number;
  readonly signal?: number;
  /** A shell's number above 128, which may be an exit code or 128 and a signal. */
  readonly shellStatus?: number;
  readonly reason?: string;
  /** Of a group: the member whose end was the job's. */
  readonly member?: string;
  readonly members?: readonly (Pick<
    JobAttempt,
    "endedAt" | "outcome" | "exitCode" | "signal" | "shellStatus" | "reason"
  > & {
    readonly name: string;
  })[];
}

/**
 * The plan with the job's record among its files. The job's wrapper adds the attempts to it: they stand last, from a line of their own on. Pure.
 */
export function withJobRecord(plan: JobPlan, record: ExperimentRecord): JobPlan {
  const script = plan.files.find(({ path }) => path === plan.script);
  const recorded = record.jobs.find(({ name }) => name === plan.job.name);
  if (!script || !recorded) return plan;
  const { command, resources, needs, container, array, group, env } = jobOf(recorded);
  const values = Object.entries(array?.elements ?? {}).map(([index, element]) => [index, element.values] as const);
  const names = [env, ...(group ?? []).map((member) => member.env)].flatMap((variables) => Object.keys(variables));
  const jobRecord: JobRecord = {
    version: 1,
    experiment: record.id,
    name: record.name,
    job: recorded.name,
    token: plan.token,
    cluster: record.cluster,
    createdAt: record.createdAt,
    slipwayVersion: record.slipwayVersion,
    nodeVersion: process.versions.node,
    code: codeOf(record),
    script: { path: plan.script, sha256: sha256(script.content) },
    command,
    resources,
    needs,
    environment: [...new Set([...names, ...recorded.secrets])].toSorted(),
    ...(container !== undefined && { container }),
    ...(array && {
      array: { indices: array.indices, ...(values.length > 0 && { values: Object.fromEntries(values) }) },
    }),
    ...(group && { group: group.map((member) => partOf(member)) }),
    attempts: [],
  };
  const content = `${JSON.stringify(jobRecord, undefined, 2).replace(/\[\]\n\}$/, "[\n  ]\n}")}\n`;
  return { ...plan, files: [...plan.files, { path: jobRecordFile, content, mode: 0o644 }] };
}

function partOf({ name, command, resources }: NonNullable<JobRecord["group"]>[number]) {
  return { name, command, resources };
}

function codeOf({ code }: ExperimentRecord): JobRecordCode {
  const { digest, commit, branch, remote, dirty, patch } = code;
  return {
    digest,
    ...(commit !== undefined && { commit }),
    ...(branch !== undefined && { branch }),
    ...(remote !== undefined && { remote: stripUrlCredentials(remote) }),
    dirty,
    ...(patch !== undefined && { patchSha256: sha256(patch) }),
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
