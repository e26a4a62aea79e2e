import type { KnownExperiment, SchedulerKind } from "@slipway/cleaner";
import type { ClusterConfig } from "@slipway/config";
import type { ExperimentRecord, Transport } from "@slipway/core";

import { findClusterConfig, openClusterTransport } from "../cluster/open.ts";
import { homeDirectory } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";

/** One store and the runs beside it. */
export interface Place {
  /** The cluster's name; `local` for this machine. */
  readonly cluster: string;
  readonly jobDir: string;
  readonly scheduler: SchedulerKind;
  readonly settings: ClusterConfig["clean"];
}

export interface OpenPlace extends Place, AsyncDisposable {
  readonly transport: Transport;
}

export function localPlace(context: Pick<Context, "env" | "cwd">, settings: Place["settings"] = {}): Place {
  return { cluster: "local", jobDir: homeDirectory(context), scheduler: "local", settings };
}

/** Where a cluster's file says that code and runs lie. */
export function placeOf(config: ClusterConfig, context: Context): Place {
  const { name, executor, jobDir, clean: settings } = config;
  if (executor === "local") return localPlace(context, settings);
  if (executor !== "slurm") {
    throw new CliError("CLI_USAGE", `slipway cannot tell which jobs of ${name} still need their code`, {
      hint: `It knows that of Slurm clusters; ${executor} is an executor of your own`,
    });
  }
  if (jobDir === undefined) {
    throw new CliError("CLI_USAGE", `The cluster ${name} has no job_dir`, {
      hint: `Add one to ${config.file ?? name}`,
    });
  }
  return { cluster: name, jobDir: jobDir.replace(/\/+$/, "") || "/", scheduler: "slurm", settings };
}

/** Whoever opens disposes. */
export async function openPlace(cluster: string, context: Context): Promise<OpenPlace> {
  const config = await findClusterConfig(cluster, context);
  const place = placeOf(config, context);
  const transport = place.scheduler === "local" ? await openHere(context) : await openClusterTransport(config, context);
  return { ...place, transport, [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose]() };
}

export async function openHere({ env }: Pick<Context, "env">): Promise<Transport> {
  const { openLocalTransport } = await import("@slipway/transport-local");
  return openLocalTransport({ env });
}

/** The experiments of a place, for what a policy keeps of each project. */
export function knownExperiments(
  records: readonly ExperimentRecord[],
  { cluster }: Pick<Place, "cluster">,
): readonly KnownExperiment[] {
  return records
    .filter((record) => record.cluster === cluster)
    .map(({ id, createdAt, code: { digest, remote, root } }) => ({
      experiment: id,
      project: remote ?? root,
      createdAt,
      digest,
    }));
}
