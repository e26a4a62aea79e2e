import { quoteShell } from "@slipway/core";
import type { Job } from "@slipway/core";

import { assertName, renderComments } from "../script.ts";
import { stepWords } from "./command.ts";
import { containerDirectories } from "./container.ts";
import type { Container, ContainerSettings } from "./container.ts";
import { renderDirectives } from "./directives.ts";
import { checkedRequest } from "./request.ts";
import type { SlurmSettings } from "./request.ts";
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
 * the one it was submitted from, with `env`, `secrets` and `code` beside it. Throws SBATCH_INVALID_NAME, SBATCH_INVALID_OPTION, SBATCH_INVALID_VALUE.
 */
export function renderSbatchScript(options: SbatchScriptOptions): string {
  const { experiment, job, token, comments = [], settings = {}, slurmVersion, maxArraySize } = options;
  for (const name of [experiment, job.name]) assertName(name);
  const { array } = job;
  const container = planContainer(options);
  const request = checkedRequest({ experiment, job, settings, slurmVersion, maxArraySize });
  const words = stepWords({ job, container, srunFlags: options.srunFlags ?? [] });
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

function planContainer({ job, containers, secretNames = [] }: SbatchScriptOptions): Container | undefined {
  if (job.container === undefined || !containers || containers.runtime === "none") return undefined;
  const { images = {}, runtime } = containers;
  return {
    runtime,
    image: images[job.container] ?? job.container,
    mounts: [...(containers.mounts ?? []), ...(job.mounts ?? [])],
    variables: [...new Set([...Object.keys(job.env), ...secretNames])],
    gpus: (job.resources.gpusPerNode ?? 0) > 0,
  };
}
