import { readFile } from "node:fs/promises";
import path from "node:path";

import type { ExperimentConfig } from "@slipway/config";
import type { Job } from "@slipway/core";
import type { After } from "@slipway/experiment";

import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { readEnvironment } from "./environment.ts";
import type { JobOptions, WantedExperiment } from "./experiment.ts";

/** The jobs of an experiment file, with what the command line adds to all of them. */
export async function readExperimentFile(
  file: string,
  options: JobOptions,
  { cwd, env, signal }: Context,
): Promise<WantedExperiment> {
  if (!/\.ya?ml$/.test(file)) {
    throw usage(
      `${JSON.stringify(file)} is not an experiment file (.yaml)`,
      `To run it as a command: slipway run -- ${file} …`,
    );
  }
  const forOneJob = Object.entries(options).find(([key, value]) => value !== undefined && jobOptionNames.has(key));
  if (forOneJob) {
    throw usage(
      `An option for a single job was given with an experiment file: ${forOneJob[0]}`,
      `Write it into ${file}, or say --set jobs.NAME.KEY=VALUE`,
    );
  }
  const { parseAfter, parseExperiment } = await import("@slipway/config");
  const text = await readText(path.resolve(cwd, file), signal);
  const { set } = options;
  const config = parseExperiment(text, file, { set });
  const extra = readEnvironment(options.env, { env });
  const jobs = config.jobs.map((job) => ({ ...job, env: { ...job.env, ...extra } }));
  const secrets = jobs.map(
    (job) => [job.name, [...(config.secretsByJob?.[job.name] ?? []), ...(options.secret ?? [])]] as const,
  );
  return {
    experiment: { name: options.name ?? config.name, jobs },
    cluster: config.cluster,
    unsaidNeeds: config.unsaidNeedsByJob,
    secrets: Object.fromEntries(secrets),
    after: afterOf(config, (options.after ?? []).map(parseAfter)),
    checkContainers: (containers) => {
      if (jobs.some(hasContainer)) parseExperiment(text, file, { set, containers });
    },
  };
}

function hasContainer({ container, group = [] }: Job): boolean {
  return container !== undefined || group.some((member) => member.container !== undefined);
}

/** What the command line waits for, jobs without needs wait for. */
function afterOf({ jobs, afterByJob = {} }: ExperimentConfig, extra: readonly After[]): WantedExperiment["after"] {
  return Object.fromEntries(
    jobs.map(({ name, needs }) => [name, [...(afterByJob[name] ?? []), ...(needs.length === 0 ? extra : [])]]),
  );
}

async function readText(file: string, signal: AbortSignal): Promise<string> {
  try {
    return await readFile(file, { encoding: "utf8", signal });
  } catch (error) {
    const { ConfigError } = await import("@slipway/config/light");
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError("CONFIG_UNREADABLE", `The experiment file cannot be read: ${why}`, { cause: error });
  }
}

const jobOptionNames: ReadonlySet<string> = new Set([
  "job",
  "nodes",
  "ntasksPerNode",
  "gpus",
  "cpus",
  "mem",
  "time",
  "partition",
  "account",
  "qos",
  "array",
  "container",
  "mount",
  "sbatch",
  "retries",
  "repeat",
  "launcher",
  "warning",
]);

function usage(message: string, hint: string): CliError {
  return new CliError("CLI_USAGE", message, { hint });
}
