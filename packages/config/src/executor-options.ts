import type { OptionsIssue } from "@slipway/core";

import { readDocument } from "./document.ts";
import { invalidConfig } from "./error.ts";
import type { ConfigError } from "./error.ts";
import type { Problem } from "./problem.ts";

const key = "executor_options";

/** What an executor's own schema finds wrong, at its places in the cluster file: CONFIG_INVALID. */
export function invalidExecutorOptions(text: string, file: string, issues: readonly OptionsIssue[]): ConfigError {
  const document = readDocument({ text, file });
  return invalidConfig(issues.map((issue) => document.diagnose(toProblem(issue))));
}

/** A mistake about a map's keys stands at the map; the first key that the message names is the one to look at. */
function toProblem({ message, path = [] }: OptionsIssue): Problem {
  const segments = path.map((segment) => (typeof segment === "object" ? segment.key : segment));
  return {
    path: [key, ...segments.map((segment) => (typeof segment === "number" ? segment : String(segment)))],
    message,
  };
}
