import type { Job, Launcher, Resources } from "@slipway/core";

import { commandWords } from "../script.ts";
import { containerCommand, pyxisFlags } from "./container.ts";
import type { Container } from "./container.ts";
import { inShell } from "./words.ts";
import type { Word } from "./words.ts";

export interface StepOptions {
  readonly job: Job;
  readonly container: Container | undefined;
  /** More flags for srun, where it is used. */
  readonly srunFlags: readonly string[];
}

/** What the wrapper runs: the command, below its launcher, its container and, where it needs one, a step of Slurm. */
export function stepWords({ job, container, srunFlags }: StepOptions): readonly Word[] {
  const { launcher = "none" } = job;
  const inner = [
    ...(container ? containerCommand(container) : []),
    ...(launcher === "torchrun" ? torchrun(job.resources) : []),
    ...commandWords(job),
  ];
  const tasks = tasksPerNode(job.resources, launcher);
  const needsStep = container?.runtime === "pyxis" || (job.resources.nodes ?? 1) * tasks > 1 || srunFlags.length > 0;
  if (!needsStep) return inner;
  return [...srun(job.resources, tasks), ...srunFlags, ...(container ? pyxisFlags(container) : []), ...inner];
}

/** One task a node starts torchrun, which starts the others. */
export function tasksPerNode({ tasksPerNode: tasks = 1 }: Resources, launcher: Launcher): number {
  return launcher === "torchrun" ? 1 : tasks;
}

/**
 * `--cpus-per-task` again, because steps of 22.05 and 23.02 do not inherit it; `--export=ALL`, because a submission with another `--export`
 * passes that on. A task that fails ends the step.
 */
function srun({ nodes = 1, cpusPerTask }: Resources, tasks: number): readonly Word[] {
  return [
    "srun",
    `--nodes=${nodes}`,
    `--ntasks-per-node=${tasks}`,
    ...(cpusPerTask === undefined ? [] : [`--cpus-per-task=${cpusPerTask}`]),
    "--export=ALL",
    "--kill-on-bad-exit=1",
  ];
}

/** Source: torchrun(1). The batch script runs on the first node, whose name and a port made from the job's id are the meeting point. */
function torchrun({ nodes = 1, gpusPerNode, tasksPerNode: tasks = 1 }: Resources): readonly Word[] {
  const processes = `--nproc-per-node=${tasks > 1 ? tasks : (gpusPerNode ?? 1) || 1}`;
  if (nodes === 1) return ["torchrun", "--standalone", processes, "--no-python"];
  return [
    "torchrun",
    `--nnodes=${nodes}`,
    processes,
    "--rdzv-backend=c10d",
    inShell('--rdzv-id="$SLURM_JOB_ID"'),
    inShell('--rdzv-endpoint="$(uname -n):$((20000 + SLURM_JOB_ID % 10000))"'),
    "--no-python",
  ];
}
