import type { Command, Job, Launcher, Resources } from "@slipway/core";

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
  const labels = hasRanks(job) ? ["--label"] : [];
  return [
    ...srun(job.resources, tasks),
    ...labels,
    ...srunFlags,
    ...(container ? pyxisFlags(container) : []),
    ...inner,
  ];
}

/** Whether tasks have logs of their own: the wrapper reads which line is whose from srun's labels, and takes these away. */
export function hasRanks({ resources, launcher = "none", group }: Job): boolean {
  return !group && (resources.nodes ?? 1) * tasksPerNode(resources, launcher) > 1;
}

export interface MemberStepOptions {
  readonly name: string;
  readonly command: Command;
  readonly resources: Resources;
  readonly container: Container | undefined;
  /** The component of a heterogeneous job. */
  readonly hetGroup: number | undefined;
  readonly srunFlags: readonly string[];
}

/**
 * What runs a group's member, at the same time as the others: a process of the batch script's node, or a step that takes nothing away from
 * other steps. Source: srun(1), --overlap (since 20.11), --het-group.
 */
export function memberWords({
  container,
  resources,
  hetGroup,
  srunFlags,
  ...rest
}: MemberStepOptions): readonly Word[] {
  const inner = [...(container ? containerCommand(container) : []), ...commandWords(rest)];
  const tasks = tasksPerNode(resources, "none");
  const needsStep =
    hetGroup !== undefined ||
    container?.runtime === "pyxis" ||
    (resources.nodes ?? 1) * tasks > 1 ||
    srunFlags.length > 0;
  if (!needsStep) return inner;
  const [program = "srun", ...flags] = srun(resources, tasks);
  return [
    program,
    ...(hetGroup === undefined ? [] : [`--het-group=${hetGroup}`]),
    "--overlap",
    ...flags,
    ...srunFlags,
    ...(container ? pyxisFlags(container) : []),
    ...inner,
  ];
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
