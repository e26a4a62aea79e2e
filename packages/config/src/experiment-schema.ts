import type { ZodMiniType } from "zod/mini";

import { afterSchema, arraySchema, containerShape, retriesSchema, sbatchSchema, warningSchema } from "./job-schema.ts";
import { dependencyTypes } from "./job-text.ts";
import type { Path } from "./problem.ts";
import { anyText, choice, duration, either, flag, list, mapping, memory, object, optional } from "./schema.ts";
import { required, text, variableName, wholeNumber } from "./schema.ts";
import type { Text } from "./schema.ts";

/** An experiment file as it is written; `defineExperiment` of @slipway/experiment takes the same. */
export interface ExperimentFile {
  readonly name: Text;
  readonly cluster?: Text;
  /** Other experiments that must end before jobs that need no job of this one. */
  readonly after?: Text | readonly Text[];
  readonly defaults?: SharedKeys;
  readonly jobs: Readonly<Record<string, JobFile>>;
}

export interface ResourceKeys {
  readonly nodes?: number;
  readonly ntasks_per_node?: number;
  readonly gpus?: number;
  readonly cpus?: number;
  readonly mem?: string | number;
  readonly time?: string | number;
  readonly partition?: Text;
  readonly account?: Text;
  readonly qos?: Text;
}

export interface ContainerKeys {
  readonly container?: string;
  readonly mounts?: readonly string[];
}

export interface SharedKeys extends ResourceKeys, ContainerKeys {
  readonly env?: Readonly<Record<string, Text>>;
  readonly retries?: number | RetriesFile;
  readonly launcher?: "none" | "torchrun";
  readonly workdir?: "shared" | "copy";
  readonly warning?: string;
  readonly sbatch?: Readonly<Record<string, Text>>;
}

export interface RetriesFile {
  readonly timeout?: number | "unlimited";
  readonly preempted?: number | "unlimited";
  readonly node_failed?: number | "unlimited";
  readonly failed?: number | "unlimited";
  readonly requested?: number | "unlimited";
}

export interface CommandKeys {
  readonly run?: Text | readonly Text[];
  readonly argv?: readonly Text[];
}

export interface JobFile extends SharedKeys, CommandKeys {
  readonly secrets?: readonly string[];
  readonly needs?: NeedFile | readonly NeedFile[];
  readonly after?: Text | readonly Text[];
  readonly matrix?: Readonly<Record<string, Text | readonly Text[]>>;
  readonly array?: string | number;
  readonly max_running?: number;
  readonly repeat?: number;
  readonly group?: Readonly<Record<string, MemberFile>>;
}

export interface MemberFile extends CommandKeys, ContainerKeys, ResourceKeys {
  readonly env?: Readonly<Record<string, Text>>;
  readonly ends_group?: boolean;
}

type NeedFile = Text | { readonly job: Text; readonly type?: (typeof dependencyTypes)[number] };

const resourceShape = () => ({
  nodes: optional("Nodes.", wholeNumber(1)),
  ntasks_per_node: optional("Processes on each node.", wholeNumber(1)),
  gpus: optional("GPUs on each node.", wholeNumber(0)),
  cpus: optional("CPUs for each task.", wholeNumber(1)),
  mem: optional("Memory on each node: 64G. A bare number is MiB.", memory()),
  time: optional("Time limit: 4h, 90m, 1-12:30:00. A bare number is minutes.", duration()),
  partition: optional("Slurm partition.", text()),
  account: optional("Slurm account.", text()),
  qos: optional("Slurm quality of service.", text()),
});

const envSchema = () => optional("Variables set for the command.", mapping(anyText(), "variables"));

const sharedShape = () => ({
  ...resourceShape(),
  ...containerShape(),
  env: envSchema(),
  retries: optional("How often a job begins again, by what ended it; a number counts for each cause.", retriesSchema()),
  launcher: optional("What starts the processes of a job.", choice(["none", "torchrun"])),
  workdir: optional(
    "The read-only code that jobs share, or a writable copy of each attempt's own.",
    choice(["shared", "copy"]),
  ),
  warning: optional("A signal to the command before its time limit: USR1@300, USR2@5m.", warningSchema()),
  sbatch: optional("Further options of sbatch by long name; only Slurm reads them.", sbatchSchema()),
});

const commandShape = () => ({
  run: optional(
    "A command, or a list of commands, for bash with -e and pipefail.",
    either("a command or a list of commands", [anyText(), list(anyText(), "commands")]),
  ),
  argv: optional("A command as a list of arguments, without a shell.", list(anyText(), "arguments")),
});

const needSchema = () => {
  const job = () => required("The job to wait for.", text("a job's name"));
  const type = optional(
    "Which end to wait for: success, either, failure, or the success of the element of the same index. ok by default.",
    choice(dependencyTypes),
  );
  return either("a job's name", [job(), object({ job: job(), type })]);
};

const memberSchema: ZodMiniType<MemberFile, unknown> = object({
  ...commandShape(),
  ...resourceShape(),
  ...containerShape(),
  env: envSchema(),
  ends_group: optional("When it succeeds the others are ended, and the job has succeeded.", flag()),
});

const jobSchema: ZodMiniType<JobFile, unknown> = object({
  ...commandShape(),
  needs: optional(
    "Jobs that must end before this one starts.",
    either("a job's name or a list of them", [needSchema(), list(needSchema(), "jobs")]),
  ),
  after: optional("Other experiments, or jobs of them, that must end too: EXP, EXP/JOB, EXP/JOB:any.", afterSchema()),
  secrets: optional(
    "Variables whose values come from your shell and are never written to a script, a log or a record.",
    list(variableName(), "variable names"),
  ),
  matrix: optional(
    "Values by name, for {name} in run, argv and env: the job runs once for each combination.",
    mapping(either("a list of values", [anyText(), list(anyText(), "values")]), "lists of values"),
  ),
  array: optional("The job runs once for each index: 0-9, 0-99%4. SLIPWAY_ARRAY_INDEX tells it.", arraySchema()),
  max_running: optional("How many of a matrix may run at the same time.", wholeNumber(1)),
  repeat: optional("A chain of so many jobs, each going on in the run directory of the last.", wholeNumber(1)),
  group: optional("Several commands at the same time in one allocation.", mapping(memberSchema, "commands by name")),
  ...sharedShape(),
});

export const experimentSchema: ZodMiniType<ExperimentFile, unknown> = object({
  name: required("The experiment's name; ids are made from it.", text("a name")),
  cluster: optional("The cluster it runs on.", text("a cluster's name")),
  after: optional("Other experiments that must end first: EXP, EXP/JOB, EXP/JOB:any.", afterSchema()),
  defaults: optional("What every job has that does not say otherwise.", object(sharedShape())),
  jobs: required("The jobs, by name.", mapping(jobSchema, "jobs by name")),
});

/** Where a name without a value is a mistake, and not an absent key. */
export function isNullKept(path: Path): boolean {
  const parent = path.at(-2);
  const isNamed = (path[0] === "jobs" && path.length === 2) || parent === "env" || parent === "matrix";
  return isNamed || (path.length === 4 && parent === "group");
}
