import { isEnvironmentName, isJobName } from "@slipway/core";

import { describe, isMapping } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";

export const nameWords = `expected letters, digits, "_", "." or "-", at most 63, the first a letter or a digit`;

/** What is wrong with a command beyond the shape of its values. */
export function checkCommand(keys: Readonly<Record<string, unknown>>, path: Path): readonly Problem[] {
  const { run, argv } = keys;
  const problems: Problem[] = [];
  if ("run" in keys && "argv" in keys) {
    problems.push({ path: [...path, "argv"], at: "key", message: "run stands here too; a job has one of them" });
  } else if (!("run" in keys) && !("argv" in keys)) {
    problems.push({ path, at: "key", message: "missing; expected run or argv" });
  }
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

export function checkEnvironment(keys: unknown, path: Path): readonly Problem[] {
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

/** Files and directories are named after them, also where a file system takes `A` for `a`. */
export function checkNames(names: readonly string[], path: Path): readonly Problem[] {
  const seen = new Map<string, string>();
  const problems: Problem[] = [];
  for (const name of names) {
    const at = [...path, name];
    const other = seen.get(name.toLowerCase());
    if (!isJobName(name)) problems.push({ path: at, at: "key", message: `${nameWords}, got ${describe(name)}` });
    if (other !== undefined)
      problems.push({ path: at, at: "key", message: `differs from ${other} only in upper and lower case` });
    seen.set(name.toLowerCase(), name);
  }
  return problems;
}
