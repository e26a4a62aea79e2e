import type { JobHandle } from "@slipway/core";
import { elementCancelFile, isCommitFile, memberPrefix, parseSlurmCommit } from "@slipway/sbatch";

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
  if (!current || token === undefined || token === current.token) {
    return { submission: current, files: withElementCancels(own, numberOf(current?.token ?? "")) };
  }
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
    ...Object.entries(withElementCancels(own, numberOf(token))).filter(([name]) => attemptOf(name) < end),
    ...(cancel === undefined ? [] : [["cancel", cancel] as const]),
  ]);
  return { submission, files };
}

const cancelPattern = /^array-(0|[1-9]\d{0,6})\.try-\d+\.cancel$/;

/** Requests for the end of elements of this try under the elements' names; those of others are of no account. */
function withElementCancels(files: Files, tryNumber: number): Files {
  return Object.fromEntries(
    Object.entries(files).flatMap(([name, text]) => {
      const index = cancelPattern.exec(name)?.[1];
      if (index === undefined) return [[name, text]];
      return name === elementCancelFile(Number(index), tryNumber)
        ? [[`${memberPrefix(Number(index))}cancel`, text]]
        : [];
    }),
  );
}

function numberOf(token: string): number {
  return Number(token.slice(token.lastIndexOf(".") + 1));
}

/** Infinity for a file that belongs to no attempt of this try. */
function attemptOf(name: string): number {
  if (/^array-\d+\.cancel$/.test(name)) return 0;
  return Number(/(?:^|\.)attempt-([1-9]\d{0,8})\./.exec(name)?.[1] ?? Infinity);
}
