import { nearest } from "@slipway/core";

import type { ConfigDocument } from "./document.ts";
import { describe, isMapping } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";
import { expandVariables } from "./variables.ts";
import type { Environment } from "./variables.ts";

/** What is wrong in a cluster file beyond the shape of its values. */
export function checkCluster(document: ConfigDocument, env: Environment): readonly Problem[] {
  const { value } = document;
  if (!isMapping(value)) return [];
  const tunnel = isMapping(value["ssh_tunnel"]) ? value["ssh_tunnel"] : undefined;
  const expanded = [["ssh_tunnel", "user"], ["ssh_tunnel", "job_dir"], ["ssh_tunnel", "identity"], ["job_dir"]];
  const problems: Problem[] = expanded.flatMap((path) => checkExpansion(document, path, env));
  const jobDirs = [["ssh_tunnel", "job_dir"], ["job_dir"]];
  problems.push(...jobDirs.flatMap((path) => checkAbsolute(document, path, env)));
  const hasJobDir = "job_dir" in value || (tunnel && "job_dir" in tunnel);
  if (!hasJobDir && (tunnel || value["executor"] === "slurm")) {
    const path = tunnel ? ["ssh_tunnel", "job_dir"] : ["job_dir"];
    problems.push({ path, message: "missing; expected an absolute path on the cluster" });
  }
  if (typeof tunnel?.["port"] === "number" && tunnel["port"] > 65_535) {
    problems.push({ path: ["ssh_tunnel", "port"], message: `expected a port of at most 65535, got ${tunnel["port"]}` });
  }
  const { executor } = value;
  if ("executor_options" in value && typeof executor === "string" && builtIn.has(executor))
    problems.push({ path: ["executor_options"], at: "key", message: `the executor ${executor} takes no options` });
  return [...problems, ...checkExecutor(executor)];
}

const builtIn: ReadonlySet<string> = new Set(["slurm", "local", "none"]);

/** A misspelt `slurm` is not taken for somebody's executor; a path or a scoped name is. */
function checkExecutor(executor: unknown): readonly Problem[] {
  if (typeof executor !== "string" || builtIn.has(executor)) return [];
  const near = nearest(executor, ["slurm", "local"]);
  if (near === undefined) return [];
  return [{ path: ["executor"], message: `there is no executor ${describe(executor)}`, hint: `did you mean ${near}?` }];
}

function checkExpansion(document: ConfigDocument, path: Path, env: Environment): readonly Problem[] {
  const missing = expandVariables(document.text(path) ?? "", env).missing ?? [];
  return missing.map((variable) =>
    variable === "$"
      ? { path, message: `expected a variable's name after each "$", got ${describe(document.text(path))}` }
      : { path, message: `${variable} is not set`, hint: "set it in your shell, or write its value here" },
  );
}

function checkAbsolute(document: ConfigDocument, path: Path, env: Environment): readonly Problem[] {
  const written = document.text(path);
  if (written === undefined || written === "") return [];
  const expansion = expandVariables(written, env);
  if (expansion.missing || expansion.text.startsWith("/")) return [];
  return [{ path, message: `expected an absolute path, got ${describe(expansion.text)}` }];
}
