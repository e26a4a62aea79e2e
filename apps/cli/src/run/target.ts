import type { ClusterConfig, ProjectConfig } from "@slipway/config";
import type { Executor, Experiment } from "@slipway/core";

import type { OpenOptions } from "../cluster/open.ts";
import { openExecutor, openRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { readSecrets } from "./environment.ts";
import type { WantedExperiment } from "./experiment.ts";

/** An experiment on the cluster it will run on. */
export interface RunTarget {
  readonly cluster: string;
  readonly clusterFile?: string | undefined;
  /** What its file says; absent for this machine. */
  readonly config?: ClusterConfig | undefined;
  /** With what the cluster's file gives to every job. */
  readonly experiment: Experiment;
  /** Values by job, then by variable. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  open(options?: OpenOptions): Promise<Executor>;
}

export interface TargetOptions {
  /** The project's, with which a framework's own rules count. */
  readonly preset?: ProjectConfig["preset"] | undefined;
}

/** Reads the cluster's file and applies it; nothing is connected before `open`. */
export async function forCluster(
  name: string,
  wanted: WantedExperiment,
  context: Context,
  { preset }: TargetOptions = {},
): Promise<RunTarget> {
  const { findClusterConfig, openClusterExecutor } = await import("../cluster/open.ts");
  const config = name === "local" ? undefined : await findClusterConfig(name, context);
  if (!config) {
    const secrets = readSecrets(wanted, context);
    return {
      cluster: "local",
      experiment: await withAfter(wanted, "local", context),
      secrets,
      open: () => openExecutor({ cluster: "local" }, context),
    };
  }
  wanted.checkContainers(Object.keys(config.containers));
  const { clusterSecrets, withClusterDefaults } = await import("../cluster/settings.ts");
  const presetValues = preset === "nemo-skills" ? await readPresetSecrets(context) : {};
  const names = [...Object.keys(presetValues), ...clusterSecrets(config, context.env)];
  const { env } = context;
  const experiment = await withAfter(wanted, config.name, context);
  const jobs = experiment.jobs.map((job) =>
    withClusterDefaults(job, { config, env, unsaidNeeds: wanted.unsaidNeeds?.[job.name] }),
  );
  if (preset === "nemo-skills") {
    const { checkHfHome } = await import("../cluster/hf-home.ts");
    for (const job of jobs) checkHfHome(job, config, env);
  }
  const secretNames = jobs.map(
    (job) => [job.name, [...new Set([...names, ...(wanted.secrets[job.name] ?? [])])]] as const,
  );
  return {
    cluster: config.name,
    clusterFile: config.file,
    config,
    experiment: { ...experiment, jobs },
    secrets: readSecrets({ secrets: Object.fromEntries(secretNames) }, { env: { ...env, ...presetValues } }),
    open: (options) => openClusterExecutor(config, context, options),
  };
}

/** The experiment with its needs of other experiments, looked up among the records. */
async function withAfter(
  { experiment, after }: WantedExperiment,
  cluster: string,
  context: Context,
): Promise<Experiment> {
  if (Object.values(after).every(({ length }) => length === 0)) return experiment;
  const { addAfter } = await import("@slipway/experiment");
  const { records } = await (await openRecords(context)).list();
  return { ...experiment, jobs: addAfter({ jobs: experiment.jobs, after, records, cluster }) };
}

async function readPresetSecrets(context: Context): Promise<Readonly<Record<string, string>>> {
  const { nemoSkillsSecrets } = await import("../cluster/nemo-skills.ts");
  return nemoSkillsSecrets(context);
}
