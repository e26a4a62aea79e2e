import type { Context, SetExitCode } from "../context.ts";
import { loadProject } from "../project.ts";
import { openCode } from "./code.ts";
import type { CodeOptions } from "./code.ts";
import { readExperiment } from "./experiment.ts";
import type { ExperimentSource, JobOptions } from "./experiment.ts";
import { launch } from "./launch.ts";
import type { LaunchOptions } from "./launch.ts";
import { forCluster } from "./target.ts";

export interface RunOptions extends JobOptions, CodeOptions, LaunchOptions {
  readonly cluster?: string | undefined;
}

export interface RunRequest extends ExperimentSource {
  readonly options: RunOptions;
}

/** Reads what is wanted, packs the code, submits, and follows as long as it was asked to. */
export async function runExperiment(request: RunRequest, context: Context, setExitCode: SetExitCode): Promise<void> {
  const { options } = request;
  const wanted = await readExperiment(request, context);
  const project = await loadProject(context);
  const name = options.cluster ?? wanted.cluster ?? project.cluster ?? "local";
  const target = await forCluster(name, wanted, context, project);
  const choice = { ...options, onto: target };
  setExitCode(await launch({ target, options, openCode: () => openCode(choice, project, context) }, context));
}
