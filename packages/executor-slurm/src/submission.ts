import { isJobName } from "@slipway/core";
import type { Job } from "@slipway/core";
import { mayRequeue, parseArraySpec, renderArraySpec, SbatchError } from "@slipway/sbatch";
import type { SlurmSettings } from "@slipway/sbatch";

/** In the run directory from before the submission on: what a reader of its evidence must know of the job. */
export const submissionFile = "submission";

export interface Submission {
  readonly token: string;
  /** All indices of an array. */
  readonly arrayIndices?: readonly number[];
  /** Whether Slurm may start the job again by itself. */
  readonly requeue?: boolean;
  readonly timeLimitSeconds?: number;
  /** Attempts of earlier tries lie in the same run directory. */
  readonly firstAttempt: number;
  /** Names of a group's members. */
  readonly groupMembers?: readonly string[];
}

export interface SubmissionOptions {
  readonly token: string;
  readonly job: Job;
  readonly settings: Pick<SlurmSettings, "sbatch">;
}

export function renderSubmission({ token, job, settings }: SubmissionOptions): string {
  const { array } = job;
  const { timeLimitSeconds } = job.resources;
  const lines = [
    "version=1",
    `token=${token}`,
    `requeue=${mayRequeue(job, settings) ? "yes" : "no"}`,
    "first_attempt=1", // Of a later try, the number is known there.
    ...(array === undefined ? [] : [`array=${renderArraySpec(array)}`, `elements=${array.indices.length}`]),
    ...(job.group === undefined ? [] : [`members=${job.group.map(({ name }) => name).join(" ")}`]),
    ...(timeLimitSeconds === undefined ? [] : [`time_limit_seconds=${Math.ceil(timeLimitSeconds)}`]),
    "end=1",
  ];
  return `${lines.join("\n")}\n`;
}

/** Its text is untrusted: undefined when it is not whole. */
export function parseSubmission(text: string): Submission | undefined {
  const fields = new Map(
    text.split("\n").map((line): [string, string] => {
      const separator = line.indexOf("=");
      return [line.slice(0, separator), line.slice(separator + 1)];
    }),
  );
  const token = fields.get("token") ?? "";
  if (fields.get("version") !== "1" || fields.get("end") !== "1" || !/^[A-Za-z0-9_.-]{1,200}$/.test(token))
    return undefined;
  const arrayIndices = indicesOf(fields.get("array"));
  const requeue = fields.get("requeue");
  const first = /^[1-9]\d{0,8}$/.exec(fields.get("first_attempt") ?? "1")?.[0];
  if (first === undefined) return undefined;
  const groupMembers = fields.get("members")?.split(" ").filter(isJobName);
  const limit = fields.get("time_limit_seconds") ?? "";
  return {
    token,
    firstAttempt: Number(first),
    ...(groupMembers && { groupMembers }),
    ...(arrayIndices && { arrayIndices }),
    ...((requeue === "yes" || requeue === "no") && { requeue: requeue === "yes" }),
    ...(/^\d{1,9}$/.test(limit) && { timeLimitSeconds: Number(limit) }),
  };
}

function indicesOf(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  try {
    return parseArraySpec(text, { maxArraySize: 4_000_002 }).indices;
  } catch (error) {
    if (error instanceof SbatchError) return undefined;
    throw error;
  }
}
