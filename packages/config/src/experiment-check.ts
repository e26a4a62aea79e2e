import { isJobName } from "@slipway/core";

import { checkCommand, checkEnvironment, checkNames, nameWords } from "./command-check.ts";
import { checkContainers } from "./container-check.ts";
import { checkCorresponding } from "./corresponding-check.ts";
import type { ConfigDocument } from "./document.ts";
import { checkGroup } from "./group-check.ts";
import { checkMatrix } from "./matrix-check.ts";
import { checkNeeds, readNeeds } from "./needs.ts";
import { describe, isMapping } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";
import { linkName } from "./repeat.ts";
import { checkWarnings } from "./warning-check.ts";

/** What is wrong in an experiment beyond the shape of its values. */
export function checkExperiment(
  document: ConfigDocument,
  containers: readonly string[] | undefined,
): readonly Problem[] {
  const { value } = document;
  if (!isMapping(value)) return [];
  const name = document.text(["name"]);
  const problems = [
    ...(name === undefined || name === "" || isJobName(name)
      ? []
      : [{ path: ["name"], message: `${nameWords}, got ${describe(name)}` }]),
    ...checkEnvironment(value["defaults"], ["defaults"]),
  ];
  const jobs = value["jobs"];
  if (!isMapping(jobs)) return problems;
  const names = Object.keys(jobs);
  if (names.length === 0) problems.push({ path: ["jobs"], message: "expected at least one job, got none" });
  const needs = new Map(names.map((job) => [job, readNeeds(document, job)]));
  return [
    ...problems,
    ...checkNames(names, ["jobs"]),
    ...names.flatMap((job) => checkJob(document, jobs[job], ["jobs", job])),
    ...checkNeeds(needs),
    ...checkCorresponding(needs, jobs),
    ...checkRepeats(jobs),
    ...checkWarnings(document, names),
    ...checkContainers(document, containers),
  ];
}

function checkJob(document: ConfigDocument, job: unknown, path: Path): readonly Problem[] {
  if (!isMapping(job)) return [];
  return [
    ...checkEnvironment(job, path),
    ...("group" in job ? checkGroup(job, path) : checkCommand(job, path)),
    ...checkMatrix(document, job, path),
  ];
}

/** The names that a chain's jobs get must be free, and short enough. */
function checkRepeats(jobs: Readonly<Record<string, unknown>>): readonly Problem[] {
  const names = new Map(Object.keys(jobs).map((name) => [name.toLowerCase(), name]));
  return Object.entries(jobs).flatMap(([name, job]): readonly Problem[] => {
    const times = isMapping(job) ? job["repeat"] : undefined;
    if (typeof times !== "number" || !Number.isInteger(times) || times < 2) return [];
    const path = ["jobs", name, "repeat"];
    if (times > mostRepeats) return [{ path, message: `at most ${mostRepeats} jobs can be chained, got ${times}` }];
    if (isJobName(name) && !isJobName(linkName(name, times))) {
      return [{ path, message: `makes a job ${linkName(name, times)}, whose name is too long` }];
    }
    const taken = Array.from({ length: times }, (_, index) => names.get(linkName(name, index + 1).toLowerCase())).find(
      (other) => other !== undefined,
    );
    return taken === undefined ? [] : [{ path, message: `makes a job of the name ${taken}, which is there too` }];
  });
}

const mostRepeats = 1_000;
