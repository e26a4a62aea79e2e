import type { Command, Job, Resources } from "@slipway/core";

import { readDocument } from "./document.ts";
import type { ConfigDocument } from "./document.ts";
import { checkExperiment } from "./experiment-check.ts";
import type { ExperimentConfig } from "./experiment-config.ts";
import { experimentSchema, isLaterKey, isNullKept } from "./experiment-schema.ts";
import type { ExperimentFile, JobFile, SharedKeys } from "./experiment-schema.ts";
import { readNeeds } from "./needs.ts";
import type { Path } from "./problem.ts";
import { readConfigOrThrow } from "./read-config.ts";
import { parseDuration, parseMemoryMiB } from "./units.ts";

/** Reads an experiment file's text. Throws CONFIG_INVALID with every mistake. */
export function parseExperiment(text: string, file: string): ExperimentConfig {
  const document = readDocument({ text, file, isNullKept });
  const shape = readConfigOrThrow({
    document,
    schema: experimentSchema,
    check: checkExperiment,
    isUnsupported: isLaterKey,
  });
  return toExperiment(shape, document);
}

function toExperiment({ jobs, defaults = {} }: ExperimentFile, document: ConfigDocument): ExperimentConfig {
  const cluster = document.text(["cluster"]);
  const secretsByJob = Object.entries(jobs).flatMap(([name, { secrets = [] }]) =>
    secrets.length > 0 ? [[name, [...new Set(secrets)]] as const] : [],
  );
  return {
    name: textAt(document, ["name"]),
    jobs: Object.entries(jobs).map(([name, job]) => toJob({ name, job, defaults, document })),
    ...(cluster !== undefined && { cluster }),
    ...(secretsByJob.length > 0 && {
      secrets: [...new Set(secretsByJob.flatMap(([, names]) => names))],
      secretsByJob: Object.fromEntries(secretsByJob),
    }),
  };
}

interface JobInFile {
  readonly name: string;
  readonly job: JobFile;
  readonly defaults: SharedKeys;
  readonly document: ConfigDocument;
}

function toJob({ name, job, defaults, document }: JobInFile): Job {
  const path = ["jobs", name];
  return {
    name,
    command: toCommand(job, path, document),
    resources: { ...toResources(defaults, ["defaults"], document), ...toResources(job, path, document) },
    env: { ...toEnv(defaults, ["defaults"], document), ...toEnv(job, path, document) },
    needs: readNeeds(document, name).map((need) => ({ job: need.job, type: need.type })),
  };
}

function toCommand({ run, argv }: JobFile, path: Path, document: ConfigDocument): Command {
  if (argv) return { kind: "argv", argv: argv.map((_, index) => textAt(document, [...path, "argv", index])) };
  const commands = Array.isArray(run)
    ? run.map((_, index) => textAt(document, [...path, "run", index]))
    : [textAt(document, [...path, "run"])];
  return { kind: "shell", lines: commands.flatMap((command) => command.replace(/\n+$/, "").split("\n")) };
}

function toResources(keys: SharedKeys, path: Path, document: ConfigDocument): Resources {
  const partition = document.text([...path, "partition"]);
  const account = document.text([...path, "account"]);
  const qos = document.text([...path, "qos"]);
  return {
    ...(keys.nodes !== undefined && { nodes: keys.nodes }),
    ...(keys.ntasks_per_node !== undefined && { tasksPerNode: keys.ntasks_per_node }),
    ...(keys.gpus !== undefined && { gpusPerNode: keys.gpus }),
    ...(keys.cpus !== undefined && { cpusPerTask: keys.cpus }),
    ...(keys.mem !== undefined && { memoryMiB: parseMemoryMiB(String(keys.mem)) }),
    ...(keys.time !== undefined && { timeLimitSeconds: parseDuration(String(keys.time)) }),
    ...(partition !== undefined && { partition }),
    ...(account !== undefined && { account }),
    ...(qos !== undefined && { qos }),
  };
}

function toEnv({ env = {} }: SharedKeys, path: Path, document: ConfigDocument): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(env).map((name) => [name, textAt(document, [...path, "env", name])]));
}

/** A scalar that validation has seen. */
function textAt(document: ConfigDocument, path: Path): string {
  return document.text(path) ?? "";
}
