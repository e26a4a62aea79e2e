import { isEnvironmentName, isJobName } from "@slipway/core";

import type { ConfigDocument } from "./document.ts";
import { checkNeeds, readNeeds } from "./needs.ts";
import { describe, isMapping } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";

const nameWords = `expected letters, digits, "_", "." or "-", at most 63, the first a letter or a digit`;

/** What is wrong in an experiment beyond the shape of its values. */
export function checkExperiment(document: ConfigDocument): readonly Problem[] {
  const { value } = document;
  if (!isMapping(value)) return [];
  const name = document.text(["name"]);
  const problems = [
    ...(name === undefined || name === "" || isJobName(name)
      ? []
      : [{ path: ["name"], message: `${nameWords}, got ${describe(name)}` }]),
    ...checkShared(value["defaults"], ["defaults"]),
  ];
  const jobs = value["jobs"];
  if (!isMapping(jobs)) return problems;
  const names = Object.keys(jobs);
  if (names.length === 0) problems.push({ path: ["jobs"], message: "expected at least one job, got none" });
  const needs = new Map(names.map((job) => [job, readNeeds(document, job)]));
  return [
    ...problems,
    ...checkNames(names),
    ...names.flatMap((job) => checkJob(jobs[job], ["jobs", job])),
    ...checkNeeds(needs),
  ];
}

/** Jobs' directories are named after them, also where a file system takes `A` for `a`. */
function checkNames(names: readonly string[]): readonly Problem[] {
  const seen = new Map<string, string>();
  const problems: Problem[] = [];
  for (const name of names) {
    const path = ["jobs", name];
    const other = seen.get(name.toLowerCase());
    if (!isJobName(name)) problems.push({ path, at: "key", message: `${nameWords}, got ${describe(name)}` });
    if (other !== undefined)
      problems.push({ path, at: "key", message: `differs from ${other} only in upper and lower case` });
    seen.set(name.toLowerCase(), name);
  }
  return problems;
}

function checkJob(job: unknown, path: Path): readonly Problem[] {
  if (!isMapping(job)) return [];
  const problems = [...checkShared(job, path)];
  const hasRun = "run" in job;
  const hasArgv = "argv" in job;
  if (hasRun && hasArgv) {
    problems.push({ path: [...path, "argv"], at: "key", message: "run stands here too; a job has one of them" });
  } else if (!hasRun && !hasArgv && !("group" in job)) {
    problems.push({ path, at: "key", message: "missing; expected run or argv" });
  }
  const { run, argv } = job;
  if (isBlank(run) || (Array.isArray(run) && run.every(isBlank))) {
    problems.push({ path: [...path, "run"], message: "expected at least one command, got nothing" });
  }
  if (Array.isArray(argv) && (argv.length === 0 || argv[0] === "")) {
    problems.push({ path: [...path, "argv"], message: "expected a program and its arguments, got nothing" });
  }
  return problems;
}

function isBlank(value: unknown): boolean {
  return typeof value === "string" && value.trim() === "";
}

function checkShared(keys: unknown, path: Path): readonly Problem[] {
  const env = isMapping(keys) ? keys["env"] : undefined;
  if (!isMapping(env)) return [];
  return Object.keys(env)
    .filter((name) => !isEnvironmentName(name))
    .map((name) => ({
      path: [...path, "env", name],
      at: "key",
      message: `expected a variable's name such as HF_HOME, got ${describe(name)}`,
    }));
}
