import type { ZodMiniType } from "zod/mini";

import type { Path } from "./problem.ts";
import {
  anyText,
  choice,
  duration,
  either,
  list,
  mapping,
  memory,
  object,
  optional,
  required,
  text,
  variableName,
  wholeNumber,
} from "./schema.ts";
import type { Text } from "./schema.ts";

/** An experiment file as it is written. */
export interface ExperimentFile {
  readonly name: Text;
  readonly cluster?: Text;
  readonly defaults?: SharedKeys;
  readonly jobs: Readonly<Record<string, JobFile>>;
}

export interface SharedKeys {
  readonly nodes?: number;
  readonly ntasks_per_node?: number;
  readonly gpus?: number;
  readonly cpus?: number;
  readonly mem?: string | number;
  readonly time?: string | number;
  readonly partition?: Text;
  readonly account?: Text;
  readonly qos?: Text;
  readonly env?: Readonly<Record<string, Text>>;
}

export interface JobFile extends SharedKeys {
  readonly secrets?: readonly string[];
  readonly run?: Text | readonly Text[];
  readonly argv?: readonly Text[];
  readonly needs?: NeedFile | readonly NeedFile[];
}

type NeedFile = Text | { readonly job: Text; readonly type?: "ok" | "any" | "notok" };

const sharedShape = () => ({
  nodes: optional("Nodes.", wholeNumber(1)),
  ntasks_per_node: optional("Processes on each node.", wholeNumber(1)),
  gpus: optional("GPUs on each node.", wholeNumber(0)),
  cpus: optional("CPUs for each task.", wholeNumber(1)),
  mem: optional("Memory on each node: 64G. A bare number is MiB.", memory()),
  time: optional("Time limit: 4h, 90m, 1-12:30:00. A bare number is minutes.", duration()),
  partition: optional("Slurm partition.", text()),
  account: optional("Slurm account.", text()),
  qos: optional("Slurm quality of service.", text()),
  env: optional("Variables set for the command.", mapping(anyText(), "variables")),
});

const needSchema = () => {
  const job = () => required("The job to wait for.", text("a job's name"));
  const type = optional(
    "Which end to wait for: success, either, or failure. ok by default.",
    choice(["ok", "any", "notok"]),
  );
  return either("a job's name", [job(), object({ job: job(), type })]);
};

const jobSchema: ZodMiniType<JobFile, unknown> = object({
  run: optional(
    "A command, or a list of commands, for bash with -e and pipefail.",
    either("a command or a list of commands", [anyText(), list(anyText(), "commands")]),
  ),
  argv: optional("A command as a list of arguments, without a shell.", list(anyText(), "arguments")),
  needs: optional(
    "Jobs that must end before this one starts.",
    either("a job's name or a list of them", [needSchema(), list(needSchema(), "jobs")]),
  ),
  secrets: optional(
    "Variables whose values come from your shell and are never written to a script, a log or a record.",
    list(variableName(), "variable names"),
  ),
  ...sharedShape(),
});

export const experimentSchema: ZodMiniType<ExperimentFile, unknown> = object({
  name: required("The experiment's name; ids are made from it.", text("a name")),
  cluster: optional("The cluster it runs on.", text("a cluster's name")),
  defaults: optional("What every job has that does not say otherwise.", object(sharedShape())),
  jobs: required("The jobs, by name.", mapping(jobSchema, "jobs by name")),
});

const laterKeys = new Set(["matrix", "group", "retries", "repeat", "container", "mounts", "launcher"]);

/** Keys of jobs and of their defaults that a later version reads. */
export function isLaterKey(path: Path): boolean {
  const isInJob = (path.length === 3 && path[0] === "jobs") || (path.length === 2 && path[0] === "defaults");
  return isInJob && laterKeys.has(String(path.at(-1)));
}

/** Where a name without a value is a mistake, and not an absent key. */
export function isNullKept(path: Path): boolean {
  return (path[0] === "jobs" && path.length === 2) || path.at(-2) === "env";
}
