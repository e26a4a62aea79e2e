import type { ClusterConfig } from "@slipway/config";
import type { Executor, Experiment } from "@slipway/core";

import type { OpenOptions } from "../cluster/open.ts";
import { openExecutor } from "../compose.ts";
import type { Context } from "../context.ts";
import { readSecrets } from "./experiment.ts";
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

/** Reads the cluster's file and applies it; nothing is connected before `open`. */
export async function forCluster(name: string, wanted: WantedExperiment, context: Context): Promise<RunTarget> {
  const { findClusterConfig, openClusterExecutor } = await import("../cluster/open.ts");
  const config = name === "local" ? undefined : await findClusterConfig(name, context);
  if (!config) {
    const secrets = readSecrets(wanted, context);
    return {
      cluster: "local",
      experiment: wanted.experiment,
      secrets,
      open: () => openExecutor({ cluster: "local" }, context),
    };
  }
  const { clusterSecrets, withClusterDefaults } = await import("../cluster/settings.ts");
  const names = clusterSecrets(config, context.env);
  const jobs = wanted.experiment.jobs.map((job) => withClusterDefaults(job, config, context.env));
  const secretNames = jobs.map(
    (job) => [job.name, [...new Set([...names, ...(wanted.secrets[job.name] ?? [])])]] as const,
  );
  return {
    cluster: config.name,
    clusterFile: config.file,
    config,
    experiment: { ...wanted.experiment, jobs },
    secrets: readSecrets({ secrets: Object.fromEntries(secretNames) }, context),
    open: (options) => openClusterExecutor(config, context, options),
  };
}
