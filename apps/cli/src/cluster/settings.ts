import type { ClusterConfig } from "@slipway/config";
import type { Job } from "@slipway/core";
import type { ClusterSettings } from "@slipway/executor-slurm";

import { CliError } from "../error.ts";
import { expandMounts, unsetVariables } from "./mounts.ts";

/** A cluster file in the words of the Slurm executor, with this shell's variables in its mounts. */
export function toClusterSettings(
  config: ClusterConfig,
  env: Readonly<Record<string, string | undefined>>,
): ClusterSettings {
  const { name, account, partition, cpuPartition, qos, jobNamePrefix, containers, containerRuntime } = config;
  const { mounts, omitGpusPerNode, mailType, mailUser, sbatch, pollMinSeconds } = config;
  return {
    name,
    jobNamePrefix,
    containers,
    sbatch,
    disableGpusPerNode: omitGpusPerNode,
    mounts: expandMounts(mounts, env),
    ...(account !== undefined && { account }),
    ...(partition !== undefined && { partition }),
    ...(cpuPartition !== undefined && { cpuPartition }),
    ...(qos !== undefined && { qos }),
    ...(containerRuntime !== undefined && { containerRuntime }),
    ...(mailType !== undefined && { mailType }),
    ...(mailUser !== undefined && { mailUser }),
    ...(pollMinSeconds !== undefined && { pollMinimumSeconds: pollMinSeconds }),
  };
}

export interface ClusterDefaults {
  readonly config: ClusterConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Jobs whose end this one waits for without saying which. */
  readonly unsaidNeeds?: readonly string[] | undefined;
}

/** A job with what the cluster's file gives to every job: variables, a time limit where it has none, and which end of a job is meant. */
export function withClusterDefaults(job: Job, { config, env, unsaidNeeds = [] }: ClusterDefaults): Job {
  if ([job, ...(job.group ?? [])].some(({ container }) => container !== undefined)) checkMounts(config, env);
  const timeLimitSeconds = job.resources.timeLimitSeconds ?? usualTimeLimit(job, config);
  checkWarning(job, timeLimitSeconds, config);
  const resources = { ...job.resources, ...(timeLimitSeconds !== undefined && { timeLimitSeconds }) };
  const needs = job.needs.map((need) =>
    need.experiment === undefined && unsaidNeeds.includes(need.job) ? { ...need, type: config.dependencyType } : need,
  );
  return { ...job, resources, needs, env: { ...clusterVariables(config, env), ...job.env } };
}

/** That of the partition the job goes to, else the cluster's. */
function usualTimeLimit({ resources, group = [] }: Job, config: ClusterConfig): number | undefined {
  const asksForGpus = [resources, ...group.map((member) => member.resources)].some(
    ({ gpusPerNode = 0 }) => gpusPerNode > 0,
  );
  const usual = asksForGpus ? config.partition : (config.cpuPartition ?? config.partition);
  const partition = resources.partition ?? usual;
  const ofPartition = partition === undefined ? undefined : config.timeLimitSecondsByPartition[partition];
  return ofPartition ?? config.defaultTimeLimitSeconds;
}

/** What the job's file says itself was checked with it. */
function checkWarning(
  { name, warning }: Job,
  timeLimitSeconds: number | undefined,
  { name: cluster }: ClusterConfig,
): void {
  if (!warning || timeLimitSeconds === undefined || warning.secondsBefore < timeLimitSeconds) return;
  const { signalName, secondsBefore } = warning;
  throw new CliError(
    "CLI_USAGE",
    `The warning ${signalName}@${secondsBefore} of job ${name} would come before its start: its time limit on ${cluster} is ${timeLimitSeconds} s`,
    { hint: "Give the job a time of its own that is longer, or an earlier end to its work" },
  );
}

function checkMounts(
  { mounts, containerRuntime = "none", name: cluster }: ClusterConfig,
  env: ClusterDefaults["env"],
): void {
  const unset = containerRuntime === "none" ? [] : unsetVariables(mounts, env);
  if (unset.length === 0) return;
  throw new CliError(
    "CLI_USAGE",
    `The mounts of the cluster ${cluster} name variables without a value: ${unset.join(", ")}`,
    {
      hint: `export ${unset.join(" ")} first, or write their values into the cluster's file`,
    },
  );
}

function clusterVariables(
  { env: rules, secrets, name: cluster }: ClusterConfig,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const { name, value = env[name], isRequired } of rules) {
    if (value === undefined && isRequired) {
      throw new CliError("CLI_USAGE", `The cluster ${cluster} requires the variable ${name}, which is not set here`, {
        hint: `export ${name} first`,
      });
    }
    if (value !== undefined && !secrets.includes(name)) values[name] = value;
  }
  return values;
}

/** The names of a cluster's secrets that are set here; a required one that is not is an error. */
export function clusterSecrets(
  { env: rules, secrets }: Pick<ClusterConfig, "env" | "secrets">,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const required = new Set(rules.filter(({ isRequired }) => isRequired).map(({ name }) => name));
  return secrets.filter((name) => env[name] !== undefined || required.has(name));
}
