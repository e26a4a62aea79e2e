import { quoteShell } from "@slipway/core";
import type { Job } from "@slipway/core";

import { assertName, keepsStderr, renderComments, stderrLine } from "../script.ts";
import { elementsFile, matrixVariables, renderCommandText, renderElementsFile } from "./command-text.ts";
import type { CommandTextOptions } from "./command-text.ts";
import { hasRanks } from "./command.ts";
import { containerKeeper, containerKeeperVariable } from "./container-keeper.ts";
import { containerDirectories } from "./container.ts";
import type { Container, ContainerSettings } from "./container.ts";
import { renderDirectives } from "./directives.ts";
import { layOutGroup } from "./group.ts";
import { checkedRequest } from "./request.ts";
import type { SlurmSettings } from "./request.ts";
import { renderRetries } from "./retries.ts";
import { renderSlurmWrapper, sbatchScriptName } from "./wrapper.ts";

export interface SbatchScriptOptions {
  readonly experiment: string;
  readonly job: Job;
  /** `<experiment>.<job>.<try>`: the submission's comment, and in its name. */
  readonly token: string;
  /** Lines for people at the top. No secrets. */
  readonly comments?: readonly string[] | undefined;
  readonly settings?: SlurmSettings | undefined;
  /** Absent: the cluster has no containers, and the job's is ignored. */
  readonly containers?: ContainerSettings | undefined;
  /** Names of the variables in the file `secrets`, which must reach a container too. */
  readonly secretNames?: readonly string[] | undefined;
  /**
   * Shell text that makes sure, on the node, that the code stays: it runs in the run directory before the code is looked for, with the
   * job's id in `slipway_id`, and may point `code` elsewhere. When it fails the job ends with the reason `code_missing`.
   */
  readonly holdCode?: string | undefined;
  readonly srunFlags?: readonly string[] | undefined;
  /** The cluster's version, to check options against: `22.05.8`. */
  readonly slurmVersion?: string | undefined;
  /** The cluster's MaxArraySize. */
  readonly maxArraySize?: number | undefined;
}

/**
 * The sbatch file of a job: its request, its command, and the wrapper that leaves the evidence. POSIX sh. It names no directory and runs in
 * the one it was submitted from, with `code` and, where there are any, `env` and `secrets` beside it. Throws SBATCH_INVALID_NAME, SBATCH_INVALID_OPTION, SBATCH_INVALID_VALUE.
 */
export function renderSbatchScript(options: SbatchScriptOptions): string {
  const {
    experiment,
    job,
    token,
    comments = [],
    settings = {},
    secretNames = [],
    slurmVersion,
    maxArraySize,
  } = options;
  for (const name of [experiment, job.name, job.runDirOf ?? job.name]) assertName(name);
  const { array } = job;
  const group = layOutGroup(job);
  const requests = checkedRequest({ experiment, job, settings, slurmVersion, maxArraySize, group });
  const { cpusPerTask } = job.resources;
  const isContained = usesContainers(options);
  const environments = [job.env, ...(job.group ?? []).map(({ env }) => env)];
  const beside = [
    ...(environments.some((env) => Object.keys(env).length > 0) ? [group ? "env*" : "env"] : []),
    ...(secretNames.length > 0 ? ["secrets"] : []),
    "code",
    ...(renderElements(options) === undefined ? [] : [elementsFile]),
  ];
  return `#!/bin/sh
# Job ${job.name} of experiment ${experiment}, run by slipway. Readable, and yours to edit.
${comments.map(renderComments).join("")}#
# Beside it: ${array === undefined ? "" : "array-N."}attempt-1.log (its output; a requeue begins attempt-2), ${array === undefined ? "" : "array-N."}attempt-1.exit (how it went),
# ${array === undefined ? "slurm.log" : "slurm_N.log"} (what Slurm itself says), run/ (yours to write to), code (read-only).
# To run it again by hand, in a directory of its own:
#   mkdir ../${job.name}.again && cp -RP ${sbatchScriptName} ${beside.join(" ")} ../${job.name}.again && cd ../${job.name}.again && sbatch ${sbatchScriptName}
#
${requests.map(renderDirectives).join("#SBATCH hetjob\n")}
slipway_experiment=${quoteShell(experiment)}
slipway_job=${quoteShell(job.name)}
slipway_token=${quoteShell(token)}
slipway_dir=$PWD # where it was submitted from
slipway_outputs=${job.runDirOf === undefined ? "$slipway_dir" : `\${slipway_dir%/*}/${job.runDirOf}`}/run\${SLURM_ARRAY_TASK_ID:+/$SLURM_ARRAY_TASK_ID}
${job.workdir === "copy" ? `slipway_work=$slipway_dir/copy\${SLURM_ARRAY_TASK_ID:+-$SLURM_ARRAY_TASK_ID} # a writable copy of the code, made anew for each attempt\n` : ""}slipway_code_dir=${isContained ? containerDirectories.code : job.workdir === "copy" ? "$slipway_work" : "$slipway_dir/code"} slipway_run_dir=${isContained ? containerDirectories.run : "$slipway_outputs"} # as the command sees them
${renderParticulars(job)}${isContained ? renderKeeper(options) : ""}${cpusPerTask === undefined ? "" : `export SRUN_CPUS_PER_TASK=${cpusPerTask} # some releases do not tell srun\n`}
${renderCommandText(commandTextOptions(options))}
# --- From here on the same text in every script: what runs the command and tells how it ended. ---
${renderSlurmWrapper({ holdCode: options.holdCode ?? "" })}`;
}

/** What `elements.sh` beside the script holds; undefined where the script itself has all commands. */
export function renderElements(options: SbatchScriptOptions): string | undefined {
  return renderElementsFile(commandTextOptions(options));
}

function renderKeeper({ containers }: SbatchScriptOptions): string {
  if (containers?.runtime !== "podman" && containers?.runtime !== "docker") return "";
  return `${containerKeeperVariable}=${quoteShell(containerKeeper)} # the container ends with its job\n`;
}

/** What most jobs do not have. */
function renderParticulars(job: Job): string {
  const { retries, group, warning } = job;
  const ending = (group ?? []).flatMap(({ name, endsGroup }) => (endsGroup ? name : []));
  const lines = [
    retries &&
      `slipway_retries=${quoteShell(renderRetries(retries))} # CAUSE=TIMES that it begins again; a command that exits with 75 asks for it`,
    retries &&
      warning &&
      `slipway_warning=${warning.signalName} slipway_warning_seconds=${warning.secondsBefore} # before the time limit`,
    group &&
      `slipway_members=${quoteShell(group.map(({ name }) => name).join(" "))} slipway_ends_group=${quoteShell(ending.join(" "))} # whose success ends the others`,
    keepsStderr(job) && stderrLine,
    hasRanks(job) && "slipway_ranks=yes # each task has a log of its own, too",
  ];
  return lines.flatMap((line) => (typeof line === "string" ? `${line}\n` : [])).join("");
}

function usesContainers({ job, containers }: SbatchScriptOptions): boolean {
  const names = [job.container, ...(job.group ?? []).map(({ container }) => container)];
  return containers !== undefined && containers.runtime !== "none" && names.some((name) => name !== undefined);
}

function commandTextOptions(options: SbatchScriptOptions): CommandTextOptions {
  const { job, srunFlags = [] } = options;
  return { job, group: layOutGroup(job), srunFlags, containerOf: (part) => planContainer(part, options) };
}

function planContainer(
  part: Pick<Job, "container" | "mounts" | "env" | "resources">,
  { job, containers, secretNames = [] }: SbatchScriptOptions,
): Container | undefined {
  if (part.container === undefined || !containers || containers.runtime === "none") return undefined;
  const { images = {}, runtime } = containers;
  const elements = Object.values(job.array?.elements ?? {});
  const own = [
    ...(job.array ? ["SLIPWAY_ARRAY_INDEX"] : []),
    ...(job.group ? ["SLIPWAY_MEMBER"] : []),
    ...elements.flatMap(({ values }) => matrixVariables(values).map(([name]) => name)),
  ];
  return {
    runtime,
    image: images[part.container] ?? part.container,
    mounts: [...(containers.mounts ?? []), ...(part.mounts ?? [])],
    variables: [...new Set([...own, ...Object.keys(part.env), ...secretNames])],
    gpus: (part.resources.gpusPerNode ?? 0) > 0,
    isCodeWritable: job.workdir === "copy",
  };
}
