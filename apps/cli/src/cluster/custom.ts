import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

import type { ClusterConfig } from "@slipway/config";
import { definitionProblem, executorProblem, nearest } from "@slipway/core";
import type { Executor, ExecutorDefinition, Transport } from "@slipway/core";

import { cacheDirectory } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { plainExecutor } from "./plain-executor.ts";

/** The executor of somebody else's that a cluster file names, by package or by path. Nothing is looked for that no file names. */
export async function openCustomExecutor(
  config: ClusterConfig,
  transport: Transport,
  context: Context,
): Promise<Executor> {
  const url = await resolveExecutor(config, context);
  const definition = await loadDefinition(url, config, context);
  const executor = await definition.create({
    cluster: config.name,
    options: await checkOptions(definition, config),
    jobDir: config.jobDir,
    cacheDirectory: path.join(cacheDirectory(context), "executors", config.name),
    env: context.env,
    transport,
  });
  const problem = executorProblem(executor);
  if (problem === undefined) return plainExecutor(executor);
  throw unusable(config, `what its create gives is no executor: ${problem}`);
}

/** A path counts from the cluster file's folder; a package is looked for from there on, and then from where the command runs. */
async function resolveExecutor({ executor, file, name }: ClusterConfig, { cwd }: Context): Promise<string> {
  const from = file === undefined ? [] : [path.resolve(cwd, file)];
  if (/^\.{0,2}\//.test(executor)) return pathToFileURL(path.resolve(path.dirname(from[0] ?? cwd), executor)).href;
  const { resolve } = await import("import-meta-resolve");
  let cause: unknown;
  for (const place of [...from, path.join(cwd, "slipway.yaml")]) {
    try {
      return resolve(executor, pathToFileURL(place).href);
    } catch (error) {
      cause ??= error;
    }
  }
  const near = nearest(executor, ["slurm", "local"]);
  throw new CliError("CLI_USAGE", `The cluster ${name} is of the executor ${executor}, which is not installed`, {
    cause,
    hint:
      near === undefined
        ? `Say slurm, local, or a path that begins with ./, or install it: npm install ${executor}`
        : `Did you mean ${near}?`,
  });
}

async function loadDefinition(url: string, config: ClusterConfig, context: Context): Promise<ExecutorDefinition> {
  let loaded: unknown;
  try {
    loaded = await context.importModule(url);
  } catch (error) {
    throw unusable(config, `it cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  const definition = defaultOf(loaded);
  const problem = definitionProblem(definition);
  if (problem !== undefined) throw unusable(config, problem);
  // Its shape was just looked at.
  return definition as ExecutorDefinition;
}

function defaultOf(loaded: unknown): unknown {
  return typeof loaded === "object" && loaded !== null && "default" in loaded ? loaded.default : undefined;
}

async function checkOptions({ options }: ExecutorDefinition, config: ClusterConfig): Promise<unknown> {
  const result = await options["~standard"].validate(config.executorOptions);
  if (!result.issues) return result.value;
  const { invalidExecutorOptions } = await import("@slipway/config");
  const file = config.file ?? config.name;
  throw invalidExecutorOptions(await readFile(file, "utf8"), file, result.issues);
}

function unusable({ executor, name }: ClusterConfig, why: string, cause?: unknown): CliError {
  return new CliError("CLI_USAGE", `The executor ${executor} of the cluster ${name} cannot be used: ${why}`, {
    cause,
    hint: "An executor's module exports as its default what defineExecutor of @slipway/core makes",
  });
}
