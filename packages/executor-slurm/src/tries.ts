import type { JobHandle } from "@slipway/core";
import { isCommitFile, parseSlurmCommit } from "@slipway/sbatch";

import { parseSubmission, submissionFile } from "./submission.ts";
import type { Submission } from "./submission.ts";

type Files = Readonly<Record<string, string>>;

/** What a run directory holds of the try that a job of Slurm belongs to. */
export interface TryFiles {
  /** Undefined where its record is not whole. */
  readonly submission: Submission | undefined;
  readonly files: Files;
}

/** A run directory, and its folders `try-N`, in which what was an earlier try's lies: files by name. */
export interface RunDirectoryFiles {
  readonly own: Files;
  readonly ofTry: (tryNumber: number) => Files;
}

/** Attempts are counted over all tries of a run directory; each try's own are those from its first one to the next try's. */
export function filesOfTry({ id }: Pick<JobHandle, "id">, { own, ofTry }: RunDirectoryFiles): TryFiles {
  const current = parseSubmission(own[submissionFile] ?? "");
  const commits = Object.keys(own)
    .filter(isCommitFile)
    .flatMap((name) => parseSlurmCommit(own[name] ?? "") ?? []);
  const token = commits.find(({ cluster, job }) => `${cluster}.${job}` === id)?.token;
  if (!current || token === undefined || token === current.token) return { submission: current, files: own };
  const submission = parseSubmission(ofTry(numberOf(token))[submissionFile] ?? "");
  const later = [
    ...commits
      .filter((commit) => numberOf(commit.token) > numberOf(token))
      .flatMap((commit) => parseSubmission(ofTry(numberOf(commit.token))[submissionFile] ?? "") ?? []),
    current,
  ];
  const end = Math.min(...later.map(({ firstAttempt }) => firstAttempt));
  const cancel = ofTry(numberOf(token))["cancel"];
  const files = Object.fromEntries([
    ...Object.entries(own).filter(([name]) => attemptOf(name) < end),
    ...(cancel === undefined ? [] : [["cancel", cancel] as const]),
  ]);
  return { submission, files };
}

function numberOf(token: string): number {
  return Number(token.slice(token.lastIndexOf(".") + 1));
}

/** Infinity for a file that belongs to no attempt. */
function attemptOf(name: string): number {
  return Number(/(?:^|\.)attempt-([1-9]\d{0,8})\./.exec(name)?.[1] ?? Infinity);
}
