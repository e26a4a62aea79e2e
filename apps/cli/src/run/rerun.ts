import { existsSync } from "node:fs";

import type { ExperimentRecord, RecordedJob } from "@slipway/core";

import { readRecords } from "../compose.ts";
import type { Context, SetExitCode } from "../context.ts";
import { loadProject } from "../project.ts";
import { pollAll } from "../statuses.ts";
import { openCode } from "./code.ts";
import type { WantedExperiment } from "./experiment.ts";
import { launch } from "./launch.ts";
import type { LaunchOptions } from "./launch.ts";
import { forCluster } from "./target.ts";

export interface RerunOptions extends LaunchOptions {
  /** Only the jobs that have not succeeded. */
  readonly failed?: true | undefined;
  /** The recorded code, or that of the directory the command runs in. */
  readonly code: "same" | "current";
}

/** An experiment again, as another one: its jobs and their graph, on its cluster. */
export async function rerunExperiment(
  words: string,
  options: RerunOptions,
  context: Context,
  setExitCode: SetExitCode,
): Promise<void> {
  const { findExperiment, planRerun } = await import("@slipway/experiment");
  const { record } = findExperiment(words, await readRecords(context));
  const statuses = options.failed ? (await pollAll([record], context))[0]?.jobs : undefined;
  const experiment = planRerun({ record, failedOf: statuses });
  const wanted: WantedExperiment = {
    experiment,
    secrets: Object.fromEntries(record.jobs.map(({ name, secrets }: RecordedJob) => [name, secrets])),
    after: {},
    checkContainers: () => {}, // The cluster had them.
  };
  const project = await loadProject(context);
  const target = await forCluster(clusterOf(record), wanted, context, project);
  const choice = options.code === "same" ? { reuseCode: record.id } : {};
  setExitCode(
    await launch({ target, options, rerunOf: record.id, openCode: () => openCode(choice, project, context) }, context),
  );
}

function clusterOf({ cluster, clusterFile }: ExperimentRecord): string {
  return clusterFile !== undefined && existsSync(clusterFile) ? clusterFile : cluster;
}
