import { quoteShell } from "@slipway/core";
import type { Job } from "@slipway/core";

import { assertName, renderComments } from "../script.ts";
import { stepWords } from "./command.ts";
import type { Launcher } from "./command.ts";
import { containerDirectories } from "./container.ts";
import type { Container, ContainerRuntime } from "./container.ts";
import { renderDirectives } from "./directives.ts";
import type { SlurmOptions } from "./directives.ts";
import { parseArraySpec } from "./job-id.ts";
import { checkedRequest } from "./request.ts";
import type { SlurmSettings, WarningSignal } from "./request.ts";
import { renderWords } from "./words.ts";
import { renderSlurmWrapper, sbatchScriptName } from "./wrapper.ts";

export interface SbatchScriptOptions {
  readonly experiment: string;
  readonly job: Job;
  /** `<experiment>.<job>.<try>`: the submission's comment, and in its name. */
  readonly token: string;
  /** Lines for people at the top. No secrets. */
  readonly comments?: readonly string[] | undefined;
  readonly settings?: SlurmSettings | undefined;
  /** Indices as sbatch reads them: `0-9%4`. */
  readonly array?: string | undefined;
  /** Whether Slurm may start the job again by itself, after the loss of a node for one; true when absent, as is Slurm's own default. */
  readonly requeue?: boolean | undefined;
  /** A signal to the command before the time limit. */
  readonly warning?: WarningSignal | undefined;
  readonly launcher?: Launcher | undefined;
  readonly container?:
    | { readonly image: string; readonly runtime: ContainerRuntime; readonly mounts?: readonly string[] | undefined }
    | undefined;
  /** Names of the variables in the file `secrets`, which must reach a container too. */
  readonly secretNames?: readonly string[] | undefined;
  /**
   * Shell text that makes sure, on the node, that the code stays: it runs in the run directory before the code is looked for, with the
   * job's id in `slipway_id`, and may point `code` elsewhere. When it fails the job ends with the reason `code_missing`.
   */
  readonly holdCode?: string | undefined;
  readonly srunFlags?: readonly string[] | undefined;
  /** Any further option, for this job alone. */
  readonly sbatch?: SlurmOptions | undefined;
  /** The cluster's version, to check options against: `22.05.8`. */
  readonly slurmVersion?: string | undefined;
  /** The cluster's MaxArraySize. */
  readonly maxArraySize?: number | undefined;
}

/**
 * The sbatch file of a job: its request, its command, and the wrapper that leaves the evidence. POSIX sh. It names no directory and runs in
 * the one it was submitted from, with `env`, `secrets` and `code` beside it. Throws SBATCH_INVALID_NAME, SBATCH_INVALID_OPTION, SBATCH_INVALID_VALUE.
 */
export function renderSbatchScript(options: SbatchScriptOptions): string {
  const {
    experiment,
    job,
    token,
    comments = [],
    settings = {},
    array,
    requeue = true,
    warning,
    launcher = "none",
  } = options;
  for (const name of [experiment, job.name]) assertName(name);
  if (array !== undefined) parseArraySpec(array, { maxArraySize: options.maxArraySize });
  const container = planContainer(options);
  const request = checkedRequest({
    experiment,
    job,
    settings,
    launcher,
    array,
    requeue,
    warning,
    sbatch: options.sbatch ?? {},
    slurmVersion: options.slurmVersion,
  });
  const words = stepWords({ job, launcher, container, srunFlags: options.srunFlags ?? [] });
  const { cpusPerTask } = job.resources;
  return `#!/bin/sh
# Job ${job.name} of experiment ${experiment}, run by slipway. Readable, and yours to edit.
${comments.map(renderComments).join("")}#
# Beside it: ${array === undefined ? "" : "array-N."}attempt-1.log (its output; a requeue begins attempt-2), ${array === undefined ? "" : "array-N."}attempt-1.exit (how it went),
# ${array === undefined ? "slurm.log" : "slurm_N.log"} (what Slurm itself says), run/ (yours to write to), code (read-only).
# To run it again by hand, in a directory of its own:
#   mkdir ../${job.name}.again && cp -RP ${sbatchScriptName} env secrets code ../${job.name}.again && cd ../${job.name}.again && sbatch ${sbatchScriptName}
#
${renderDirectives(request)}
slipway_experiment=${quoteShell(experiment)}
slipway_job=${quoteShell(job.name)}
slipway_token=${quoteShell(token)}
slipway_dir=$PWD # where it was submitted from
slipway_outputs=$slipway_dir/run\${SLURM_ARRAY_TASK_ID:+/$SLURM_ARRAY_TASK_ID}
slipway_code_dir=${container ? containerDirectories.code : "$slipway_dir/code"} slipway_run_dir=${container ? containerDirectories.run : "$slipway_outputs"} # as the command sees them
${cpusPerTask === undefined ? "" : `export SRUN_CPUS_PER_TASK=${cpusPerTask} # some releases do not tell srun\n`}
# The command. Its variables are in the files env and secrets.
set -- ${renderWords(words)}

# --- From here on the same text in every script: what runs the command and tells how it ended. ---
${renderSlurmWrapper({ holdCode: options.holdCode ?? "" })}`;
}

function planContainer({ job, container, secretNames = [] }: SbatchScriptOptions): Container | undefined {
  if (!container || container.runtime === "none") return undefined;
  const { image, runtime, mounts = [] } = container;
  const variables = [...new Set([...Object.keys(job.env), ...secretNames])];
  return { runtime, image, mounts, variables, gpus: (job.resources.gpusPerNode ?? 0) > 0 };
}
