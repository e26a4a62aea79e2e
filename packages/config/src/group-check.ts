import { checkCommand, checkEnvironment, checkNames } from "./command-check.ts";
import { isMapping } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";

/** What belongs to one command, and so not beside a group. */
const keysOfOne = ["run", "argv", "matrix", "array", "launcher"] as const;

/** What is wrong with the commands of a group. */
export function checkGroup(job: Readonly<Record<string, unknown>>, path: Path): readonly Problem[] {
  const { group } = job;
  if (!isMapping(group)) return [];
  const at = [...path, "group"];
  const names = Object.keys(group);
  const problems: Problem[] = keysOfOne
    .filter((key) => key in job)
    .map((key) => ({ path: [...path, key], at: "key", message: "group stands here too; a job has one of them" }));
  if (names.length < 2) {
    problems.push({ path: at, message: `expected at least two commands, got ${names.length === 1 ? "one" : "none"}` });
  }
  const members = names.flatMap((name): readonly Problem[] => {
    const member = group[name];
    const place = [...at, name];
    return isMapping(member) ? [...checkCommand(member, place), ...checkEnvironment(member, place)] : [];
  });
  return [...problems, ...checkNames(names, at), ...members];
}
