import type { Job, Resources, WarningSignal } from "@slipway/core";

import { SbatchError } from "../error.ts";
import { renderArraySpec } from "./array.ts";
import { tasksPerNode } from "./command.ts";
import type { SlurmOptions } from "./directives.ts";
import { renderSlurmDuration } from "./duration.ts";
import { exclusiveProblems } from "./exclusive.ts";
import type { GroupLayout } from "./group.ts";
import { checkSlurmOptions } from "./options.ts";
import type { CheckOptions } from "./options.ts";
import { limitSignal } from "./retries.ts";

/** A cluster's own settings for every job. */
export interface SlurmSettings {
  readonly account?: string;
  readonly partition?: string;
  /** For jobs that ask for no GPU. */
  readonly cpuPartition?: string;
  readonly qos?: string;
  readonly jobNamePrefix?: string;
  /** True where the cluster refuses `--gpus-per-node`. */
  readonly disableGpusPerNode?: boolean;
  readonly mailType?: string;
  readonly mailUser?: string;
  /** Any further option. */
  readonly sbatch?: SlurmOptions;
}

export interface RequestOptions {
  readonly experiment: string;
  readonly job: Job;
  readonly settings: SlurmSettings;
  readonly group?: GroupLayout | undefined;
  readonly maxArraySize?: number | undefined;
}

/** The request, one for each component, once all its options are right together; else SBATCH_INVALID_OPTION, whose details list every mistake. */
export function checkedRequest({ slurmVersion, ...options }: RequestOptions & CheckOptions): readonly SlurmOptions[] {
  const [first = options.job.resources, ...others] = options.group?.components ?? [];
  const request = planRequest(options, first);
  const components = others.map((resources) => planComponent(options, resources));
  const problems = [
    ...checkSlurmOptions({ ...options.settings.sbatch, ...options.job.sbatch }, { slurmVersion }),
    ...[request, ...components].flatMap((each) => exclusiveProblems(each, slurmVersion)),
  ];
  const distinct = [...new Map(problems.map((problem) => [problem.message, problem])).values()];
  const [problem] = distinct;
  if (!problem) return [request, ...components];
  const more = distinct.length > 1 ? ` (and ${distinct.length - 1} more)` : "";
  throw new SbatchError("SBATCH_INVALID_OPTION", `${problem.message}${more}`, {
    hint: problem.hint,
    details: distinct,
  });
}

/** The options of sbatch that a job asks for, by name; those of the job count before those of the cluster. */
function planRequest(options: RequestOptions, resources: Resources): SlurmOptions {
  const { experiment, job, settings, maxArraySize } = options;
  const { array, warning } = job;
  const requeue = mayRequeue(job, settings);
  return {
    "job-name": `${jobNamePrefix(settings)}${experiment}.${job.name}`,
    array: array && renderArraySpec(array, { maxArraySize }),
    signal: warning ? `B:${checkedSignal(warning)}@${checkedSeconds(warning)}` : limitSignal(job),
    output: array === undefined ? "slurm.log" : "slurm_%a.log",
    "open-mode": "append",
    "mail-type": settings.mailType,
    "mail-user": settings.mailUser,
    ...planComponent(options, resources),
    requeue: requeue || undefined,
    "no-requeue": !requeue || undefined,
  };
}

/** What each component of a heterogeneous job asks for itself. Source: sbatch(1) and Slurm's guide to heterogeneous jobs. */
function planComponent({ job, settings }: RequestOptions, resources: Resources): SlurmOptions {
  const { nodes, gpusPerNode = 0, cpusPerTask, memoryMiB } = resources;
  const { timeLimitSeconds = resources.timeLimitSeconds } = job.resources;
  const tasks = tasksPerNode(resources, job.launcher ?? "none");
  const usual = gpusPerNode > 0 ? settings.partition : (settings.cpuPartition ?? settings.partition);
  return {
    account: resources.account ?? settings.account,
    partition: resources.partition ?? usual,
    qos: resources.qos ?? settings.qos,
    nodes,
    "ntasks-per-node": tasks > 1 || (nodes ?? 1) > 1 ? tasks : undefined,
    "cpus-per-task": cpusPerTask,
    "gpus-per-node": gpusPerNode > 0 && settings.disableGpusPerNode !== true ? gpusPerNode : undefined,
    mem: memoryMiB === undefined ? undefined : `${Math.ceil(memoryMiB)}M`,
    time: timeLimitSeconds === undefined ? undefined : renderSlurmDuration(timeLimitSeconds),
    ...settings.sbatch,
    ...job.sbatch,
    requeue: undefined,
    "no-requeue": undefined,
  };
}

/** Whether Slurm may start the job again by itself, after the loss of a node for one: as is its own default, unless options say no. */
export function mayRequeue(job: Pick<Job, "sbatch">, settings: Pick<SlurmSettings, "sbatch"> = {}): boolean {
  const said = [job.sbatch, settings.sbatch].map(
    (options) => options?.["requeue"] ?? (options?.["no-requeue"] === undefined ? undefined : !options["no-requeue"]),
  );
  return said.find((each) => each !== undefined) !== false;
}

/** Throws SBATCH_INVALID_VALUE for a prefix with which a job could not be found by its name. */
export function jobNamePrefix({ jobNamePrefix: prefix = "" }: SlurmSettings): string {
  if (/^[A-Za-z0-9_.:@+/-]{0,64}$/.test(prefix)) return prefix;
  throw new SbatchError("SBATCH_INVALID_VALUE", `${JSON.stringify(prefix)} cannot begin the name of a job`, {
    hint: "Use at most 64 letters, digits and _ . : @ + / -",
  });
}

/** Source: sbatch(1), --signal. Slurm sends it up to a minute early. */
function checkedSeconds({ secondsBefore }: WarningSignal): number {
  if (Number.isInteger(secondsBefore) && secondsBefore >= 0 && secondsBefore <= 65_535) return secondsBefore;
  throw new SbatchError(
    "SBATCH_INVALID_VALUE",
    `A warning ${secondsBefore} seconds before the time limit cannot be asked for`,
    {
      hint: "Use whole seconds, at most 65535",
    },
  );
}

/** What the wrapper traps, and passes on to the command. */
export const passedSignals: readonly string[] = ["USR1", "USR2", "TERM", "INT", "HUP"];

function checkedSignal({ signalName }: WarningSignal): string {
  if (passedSignals.includes(signalName)) return signalName;
  throw new SbatchError("SBATCH_INVALID_VALUE", `${JSON.stringify(signalName)} cannot be the signal of a warning`, {
    hint: `Use one of ${passedSignals.join(", ")}`,
  });
}
