import type { ConfigDocument } from "./document.ts";
import { placeholders } from "./placeholders.ts";
import { isMapping, suggest } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";

/** As many elements as a file may ask for; a scheduler's own limit is lower. */
const mostElements = 100_000;

/** What is wrong with a job's matrix and its array, and with the placeholders of its command. */
export function checkMatrix(
  document: ConfigDocument,
  job: Readonly<Record<string, unknown>>,
  path: Path,
): readonly Problem[] {
  const { matrix } = job;
  const problems: Problem[] = [];
  if ("array" in job && "matrix" in job) {
    problems.push({ path: [...path, "array"], at: "key", message: "matrix stands here too; a job has one of them" });
  }
  if ("max_running" in job && !("matrix" in job)) {
    const hint = "array" in job ? "write 0-99%4 for an array" : undefined;
    problems.push({ path: [...path, "max_running"], at: "key", message: "there is no matrix here", hint });
  }
  if (!isMapping(matrix) || "group" in job) return problems;
  return [...problems, ...checkValues(matrix, [...path, "matrix"]), ...checkPlaceholders(document, job, path)];
}

function checkValues(matrix: Readonly<Record<string, unknown>>, path: Path): readonly Problem[] {
  const keys = Object.keys(matrix);
  if (keys.length === 0) return [{ path, message: "expected at least one key with values, got none" }];
  const problems = keys.flatMap((key): readonly Problem[] => {
    if (!isKey(key)) {
      return [{ path: [...path, key], at: "key", message: "expected letters, digits and underscores" }];
    }
    const values = matrix[key];
    return Array.isArray(values) && values.length === 0
      ? [{ path: [...path, key], message: "expected at least one value, got none" }]
      : [];
  });
  const size = keys.map((key) => lengthOf(matrix[key])).reduce((product, length) => product * length, 1);
  if (size > mostElements) problems.push({ path, message: `makes ${size} jobs; at most ${mostElements} are possible` });
  return problems;
}

function isKey(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

function lengthOf(values: unknown): number {
  return Array.isArray(values) ? values.length : 1;
}

function checkPlaceholders(
  document: ConfigDocument,
  job: Readonly<Record<string, unknown>>,
  path: Path,
): readonly Problem[] {
  const keys = isMapping(job["matrix"]) ? Object.keys(job["matrix"]).filter(isKey) : [];
  const used = new Set<string>();
  const problems: Problem[] = [];
  for (const at of textPaths(job)) {
    for (const name of placeholders(document.text([...path, ...at]) ?? "")) {
      used.add(name);
      if (keys.includes(name)) continue;
      const near = suggest(name, keys, "the keys of the matrix are") ?? "";
      const hint = `${near}${near === "" ? "" : "; "}{{${name}}} stands for {${name}} itself`;
      problems.push({ path: [...path, ...at], message: `the matrix has no value for {${name}}`, hint });
    }
  }
  for (const key of keys.filter((name) => !used.has(name))) {
    const hint = `write {${key}} where its value belongs, or take it away`;
    problems.push({ path: [...path, "matrix", key], at: "key", message: "no run, argv or env uses this key", hint });
  }
  return problems;
}

/** Where placeholders may stand in a job, from the job on. */
function textPaths(job: Readonly<Record<string, unknown>>): readonly Path[] {
  const listed = (key: string) => {
    const value = job[key];
    return Array.isArray(value) ? value.map((_, index): Path => [key, index]) : key in job ? [[key]] : [];
  };
  const env = isMapping(job["env"]) ? Object.keys(job["env"]).map((name): Path => ["env", name]) : [];
  return [...listed("run"), ...listed("argv"), ...env];
}
