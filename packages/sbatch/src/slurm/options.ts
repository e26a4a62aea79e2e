import { nearest } from "@slipway/core";

import { optionText } from "./directives.ts";
import type { SlurmOptions, SlurmOptionValue } from "./directives.ts";
import { exclusiveProblems } from "./exclusive.ts";
import { explainWrongValue } from "./grammar.ts";
import { optionTable } from "./options.generated.ts";
import { isEarlier, releaseOf } from "./release.ts";

export type SlurmOptionType =
  | "string"
  | "flag"
  | "info"
  | "internal"
  | "int"
  | "int|enum"
  | "enum"
  | "enum-list"
  | "optional-enum"
  | "optional-int"
  | "optional-list"
  | "memory"
  | "duration"
  | "datetime"
  | "tres-count"
  | "array-spec"
  | "node-range"
  | "signal-spec"
  | "dependency-spec"
  | "filename-pattern"
  | "path"
  | "path|fd"
  | "hostlist"
  | "env-list"
  | "kvlist"
  | "list<string>"
  | "list<gres>"
  | "list<tres>";

export interface SlurmOptionFacts {
  readonly name: string;
  readonly type: SlurmOptionType;
  /** `required` when absent. */
  readonly argument?: "none" | "optional";
  readonly values?: readonly string[];
  /** The least number it takes. */
  readonly least?: number;
  /** First and last release that has it; absent: 19.05 or before, and still there. */
  readonly since?: string;
  readonly until?: string;
  /** Variables of the submitter that set it too. */
  readonly variables?: readonly string[];
}

/** Every option of sbatch from 19.05 to 26.11, by its long name. */
export const slurmOptions: ReadonlyMap<string, SlurmOptionFacts> = new Map(
  optionTable.map((facts) => [facts.name, facts]),
);

/** A mistake in one option. */
export interface SlurmOptionProblem {
  readonly option: string;
  readonly message: string;
  readonly hint?: string;
}

export interface CheckOptions {
  /** The cluster's version, as `parseSlurmVersion` gives it; without it nothing is said about releases. */
  readonly slurmVersion?: string | undefined;
}

/** All mistakes in options that a user gives: unknown or misspelt, slipway's own, of the wrong type, not in the cluster's release, or against each other. */
export function checkSlurmOptions(
  options: SlurmOptions,
  { slurmVersion }: CheckOptions = {},
): readonly SlurmOptionProblem[] {
  const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
  return [
    ...given.flatMap(({ name, value }) => checkOne(name, value, slurmVersion) ?? []),
    ...exclusiveProblems(options, slurmVersion),
  ];
}

function checkOne(
  name: string,
  value: SlurmOptionValue,
  slurmVersion: string | undefined,
): SlurmOptionProblem | undefined {
  const facts = slurmOptions.get(name);
  if (!facts) {
    const near = nearest(
      name.replace(/^-+/, "").replaceAll("_", "-"),
      [...slurmOptions.keys()].filter((each) => !owned.has(each)),
    );
    return {
      option: name,
      message: `sbatch has no option ${JSON.stringify(name)}`,
      ...(near !== undefined && { hint: `Did you mean ${near}?` }),
    };
  }
  const hint = owned.get(name);
  if (hint !== undefined) return { option: name, message: `${name} is slipway's own to set`, hint };
  const { since, until } = facts;
  if (slurmVersion !== undefined && since !== undefined && isEarlier(slurmVersion, since)) {
    return { option: name, message: `${name} came with Slurm ${since}; this cluster has ${releaseOf(slurmVersion)}` };
  }
  if (slurmVersion !== undefined && until !== undefined && isEarlier(until, slurmVersion)) {
    return { option: name, message: `${name} went after Slurm ${until}; this cluster has ${releaseOf(slurmVersion)}` };
  }
  const expected = explainWrongValue(facts, value);
  if (expected === undefined) return undefined;
  return { option: name, message: `${name} takes ${expected}, not ${JSON.stringify(optionText(value))}` };
}

const notForJobs = "It has no use here: leave it out";

/** Options that slipway sets, or that would break what it relies on, and what to write in their place. */
const owned: ReadonlyMap<string, string> = new Map([
  ["job-name", "Name the job and the experiment; job_name_prefix goes before both"],
  ["comment", "It carries the submission's token: leave it out"],
  ["output", "The log lies in the run directory: use slipway logs"],
  ["error", "The log lies in the run directory: use slipway logs"],
  ["input", "Read the file in the command"],
  ["open-mode", "Each attempt has a log of its own: leave it out"],
  ["chdir", "A job runs in its code's directory: leave it out"],
  ["array", "Use the job's array or matrix"],
  ["dependency", "Use the job's needs"],
  ["kill-on-invalid-dep", "A job whose needs fail is cancelled: leave it out"],
  ["signal", "Use the job's warning"],
  ["clusters", "Write a cluster file for each cluster"],
  ["cluster", "Write a cluster file for each cluster"],
  ["wrap", "Use the job's run"],
  ["hold", "slipway holds a job until its code is safe, and releases it: leave it out"],
  ...[
    "parsable",
    "wait",
    "test-only",
    "quiet",
    "verbose",
    "help",
    "usage",
    "version",
    "autocomplete",
    "uid",
    "gid",
    "external",
  ].map((name) => [name, notForJobs] as const),
]);
