import { readFile } from "node:fs/promises";
import path from "node:path";

import { isEnvironmentName, isJobName } from "@slipway/core";
import type { Experiment, Resources } from "@slipway/core";

import type { Context } from "../context.ts";
import { CliError } from "../error.ts";

/** The options of `run` that describe the job. */
export interface JobOptions {
  readonly name?: string | undefined;
  readonly job?: string | undefined;
  readonly nodes?: number | undefined;
  readonly ntasksPerNode?: number | undefined;
  readonly gpus?: number | undefined;
  readonly cpus?: number | undefined;
  readonly mem?: string | undefined;
  readonly time?: string | undefined;
  readonly partition?: string | undefined;
  readonly account?: string | undefined;
  readonly qos?: string | undefined;
  readonly env?: readonly string[] | undefined;
  readonly secret?: readonly string[] | undefined;
}

export interface WantedExperiment {
  readonly experiment: Experiment;
  /** The cluster that the experiment file names. */
  readonly cluster?: string | undefined;
  /** By job: the jobs whose end it waits for without saying which. */
  readonly unsaidNeeds?: Readonly<Record<string, readonly string[]>> | undefined;
  /** By job: names of variables whose values must stay secret. */
  readonly secrets: Readonly<Record<string, readonly string[]>>;
}

export interface ExperimentSource {
  readonly file: string | undefined;
  /** What stood behind `--`. */
  readonly argv: readonly string[] | undefined;
  readonly options: JobOptions;
}

/** One job from a command, or the jobs of an experiment file. */
export async function readExperiment(
  { file, argv, options }: ExperimentSource,
  context: Context,
): Promise<WantedExperiment> {
  if (file !== undefined && argv !== undefined) {
    throw usage(
      `${JSON.stringify(file)} stands before -- and a command behind it`,
      "Give an experiment file or a command",
    );
  }
  if (file !== undefined) return readExperimentFile(file, options, context);
  if (argv === undefined || argv.length === 0) {
    throw usage("There is nothing to run", "Say it behind two dashes: slipway run -- python train.py");
  }
  const name = options.name ?? nameOfCommand(argv);
  const job = options.job ?? jobName(name);
  if (!isJobName(job))
    throw usage(`${JSON.stringify(job)} cannot be a job's name`, "Use letters, digits, '_', '.' and '-'");
  const env = readEnvironment(options.env, context);
  const resources = await readResources(options);
  const jobs = [{ name: job, command: { kind: "argv", argv }, resources, env, needs: [] } as const];
  return { experiment: { name, jobs }, secrets: { [job]: options.secret ?? [] } };
}

async function readExperimentFile(
  file: string,
  options: JobOptions,
  { cwd, env, signal }: Context,
): Promise<WantedExperiment> {
  if (!/\.ya?ml$/.test(file)) {
    throw usage(
      `${JSON.stringify(file)} is not an experiment file (.yaml)`,
      `To run it as a command: slipway run -- ${file} …`,
    );
  }
  const forOneJob = Object.entries({ ...options, name: undefined, env: undefined, secret: undefined }).find(
    ([key, value]) => value !== undefined && jobOptionNames.has(key),
  );
  if (forOneJob) {
    throw usage(
      `An option for a single job was given with an experiment file: ${forOneJob[0]}`,
      `Write it into ${file}`,
    );
  }
  const { parseExperiment, ConfigError } = await import("@slipway/config");
  let text: string;
  try {
    text = await readFile(path.resolve(cwd, file), { encoding: "utf8", signal });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError("CONFIG_UNREADABLE", `The experiment file cannot be read: ${why}`, { cause: error });
  }
  const config = parseExperiment(text, file);
  const name = options.name ?? config.name;
  const extra = readEnvironment(options.env, { env });
  const jobs = config.jobs.map((job) => ({ ...job, env: { ...job.env, ...extra } }));
  const secrets = jobs.map(
    (job) => [job.name, [...(config.secretsByJob?.[job.name] ?? []), ...(options.secret ?? [])]] as const,
  );
  return {
    experiment: { name, jobs },
    cluster: config.cluster,
    unsaidNeeds: config.unsaidNeedsByJob,
    secrets: Object.fromEntries(secrets),
  };
}

const jobOptionNames: ReadonlySet<string> = new Set([
  "job",
  "nodes",
  "ntasksPerNode",
  "gpus",
  "cpus",
  "mem",
  "time",
  "partition",
  "account",
  "qos",
]);

async function readResources(options: JobOptions): Promise<Resources> {
  const { nodes, ntasksPerNode, gpus, cpus, mem, time, partition, account, qos } = options;
  const needsParsing = mem !== undefined || time !== undefined;
  const parsed = needsParsing ? await parseAmounts({ mem, time }) : {};
  return {
    ...(nodes !== undefined && { nodes }),
    ...(ntasksPerNode !== undefined && { tasksPerNode: ntasksPerNode }),
    ...(gpus !== undefined && { gpusPerNode: gpus }),
    ...(cpus !== undefined && { cpusPerTask: cpus }),
    ...parsed,
    ...(partition !== undefined && { partition }),
    ...(account !== undefined && { account }),
    ...(qos !== undefined && { qos }),
  };
}

async function parseAmounts({ mem, time }: Pick<JobOptions, "mem" | "time">): Promise<Resources> {
  const { parseDuration, parseMemoryMiB } = await import("@slipway/config/light");
  return {
    ...(mem !== undefined && { memoryMiB: parseMemoryMiB(mem) }),
    ...(time !== undefined && { timeLimitSeconds: parseDuration(time) }),
  };
}

/** `K=V` sets, `K` takes the value from the caller's environment. */
function readEnvironment(
  words: readonly string[] | undefined,
  { env }: Pick<Context, "env">,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (words ?? []).map((word) => {
      const equals = word.indexOf("=");
      const name = equals < 0 ? word : word.slice(0, equals);
      if (!isEnvironmentName(name))
        throw usage(`${JSON.stringify(name)} cannot be a variable's name`, "Say --env NAME=value");
      const value = equals < 0 ? env[name] : word.slice(equals + 1);
      if (value === undefined) throw usage(`The variable ${name} is not set here`, `Say --env ${name}=value`);
      return [name, value] as const;
    }),
  );
}

/** The values of secrets, from the caller's environment, by job. */
export function readSecrets(
  { secrets }: Pick<WantedExperiment, "secrets">,
  { env }: Pick<Context, "env">,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const values = Object.entries(secrets).map(([job, names]) => [job, readSecretValues(names, env)] as const);
  return Object.fromEntries(values);
}

function readSecretValues(names: readonly string[], env: Context["env"]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.map((name) => {
      if (!isEnvironmentName(name)) {
        const shown = JSON.stringify(name.split("=")[0]);
        throw usage(`${shown} cannot be a variable's name`, "Say --secret NAME; the value comes from your environment");
      }
      const value = env[name];
      if (value === undefined) throw usage(`The secret ${name} is not set here`, `export ${name} first`);
      return [name, value] as const;
    }),
  );
}

const interpreters = /^(?:python[\d.]*|node|bun|deno|sh|bash|zsh|ruby|perl|Rscript|julia|uv|torchrun)$/;

/** `python train.py --lr 1` → `train`; `./eval.sh` → `eval`; `sh -c …` → `sh`. */
export function nameOfCommand(argv: readonly string[]): string {
  const [program = "", script] = argv;
  const isScript = interpreters.test(path.basename(program)) && script !== undefined && !script.startsWith("-");
  const file = path.basename(isScript ? script : program);
  return file.replace(/(?<=.)\.[A-Za-z0-9]{1,5}$/, "") || "job";
}

function jobName(name: string): string {
  const safe = name.replaceAll(/[^A-Za-z0-9_.-]+/g, "-").replaceAll(/^[^A-Za-z0-9]+/g, "");
  return safe.slice(0, 63) || "job";
}

function usage(message: string, hint: string): CliError {
  return new CliError("CLI_USAGE", message, { hint });
}
