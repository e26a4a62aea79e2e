import path from "node:path";

import { isJobName, isSlipwayError, nearest } from "@slipway/core";
import type { Experiment, Job, Launcher, Resources } from "@slipway/core";
import type { After } from "@slipway/experiment";

import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { readEnvironment } from "./environment.ts";

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
  readonly array?: string | undefined;
  readonly after?: readonly string[] | undefined;
  readonly container?: string | undefined;
  readonly mount?: readonly string[] | undefined;
  /** `K=V`, or K alone for an option without a value. */
  readonly sbatch?: readonly string[] | undefined;
  readonly retries?: number | undefined;
  readonly repeat?: number | undefined;
  readonly launcher?: Launcher | undefined;
  readonly warning?: string | undefined;
  /** `PATH=VALUE`, for an experiment file. */
  readonly set?: readonly string[] | undefined;
}

export interface WantedExperiment {
  readonly experiment: Experiment;
  /** The cluster that the experiment file names. */
  readonly cluster?: string | undefined;
  /** By job: the jobs whose end it waits for without saying which. */
  readonly unsaidNeeds?: Readonly<Record<string, readonly string[]>> | undefined;
  /** By job: names of variables whose values must stay secret. */
  readonly secrets: Readonly<Record<string, readonly string[]>>;
  /** By job: other experiments that must end first. */
  readonly after: Readonly<Record<string, readonly After[]>>;
  /** Throws where a job asks for a container by a name that the cluster does not have. */
  readonly checkContainers: (known: readonly string[]) => void;
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
  if (file !== undefined) {
    const { readExperimentFile } = await import("./experiment-file.ts");
    return readExperimentFile(file, options, context);
  }
  if (options.set) throw usage("--set changes values of an experiment file, and there is none", "Leave it out");
  if (argv === undefined || argv.length === 0) {
    throw usage("There is nothing to run", "Say it behind two dashes: slipway run -- python train.py");
  }
  const name = options.name ?? nameOfCommand(argv);
  const job = options.job ?? jobName(name);
  if (!isJobName(job))
    throw usage(`${JSON.stringify(job)} cannot be a job's name`, "Use letters, digits, '_', '.' and '-'");
  const env = readEnvironment(options.env, context);
  const resources = await readResources(options);
  const particulars = await readParticulars(options);
  const jobs: readonly Job[] = [
    { name: job, command: { kind: "argv", argv }, resources, env, needs: [], ...particulars },
  ];
  const { repeat = 1 } = options;
  const { parseAfter, repeatJobs } = await import("@slipway/config/light");
  const chain = repeat > 1 ? repeatJobs(jobs, { [job]: repeat }) : jobs;
  const after = (options.after ?? []).map(parseAfter);
  return {
    experiment: { name, jobs: chain },
    secrets: Object.fromEntries(chain.map((each) => [each.name, options.secret ?? []])),
    after: { [chain[0]?.name ?? job]: after },
    checkContainers: (known) => checkContainer(options.container, known),
  };
}

type Particulars = Partial<Pick<Job, "array" | "container" | "mounts" | "sbatch" | "retries" | "launcher" | "warning">>;

async function readParticulars(options: JobOptions): Promise<Particulars> {
  const { array, container, mount, sbatch, retries, launcher, warning } = options;
  const { parseArray, parseWarning, retriesForEach } = await import("@slipway/config/light");
  return {
    ...(array !== undefined && { array: readBy(parseArray, array, "--array") }),
    ...(container !== undefined && { container }),
    ...(mount !== undefined && { mounts: mount }),
    ...(sbatch !== undefined && { sbatch: Object.fromEntries(sbatch.map(readSbatchOption)) }),
    ...(retries !== undefined && { retries: retriesForEach(retries) }),
    ...(launcher !== undefined && { launcher }),
    ...(warning !== undefined && { warning: readBy(parseWarning, warning, "--warning") }),
  };
}

function readSbatchOption(word: string): readonly [string, string | true] {
  const [, name, value] = /^(?:--)?([A-Za-z][A-Za-z0-9-]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (name === undefined) throw usage(`${JSON.stringify(word)} is no option of sbatch`, "Say --sbatch constraint=a100");
  return [name, value ?? true];
}

/** A plain name must be one of the cluster's, where it names any; a path or an image may be anything. */
function checkContainer(container: string | undefined, known: readonly string[]): void {
  if (container === undefined || known.length === 0 || known.includes(container)) return;
  if (!/^[A-Za-z0-9_-]+$/.test(container)) return;
  const near = nearest(container, known);
  throw usage(
    `The cluster has no container ${JSON.stringify(container)}`,
    near === undefined ? `Its containers are: ${known.join(", ")}` : `Did you mean ${near}?`,
  );
}

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
    ...(mem !== undefined && { memoryMiB: readBy(parseMemoryMiB, mem, "--mem") }),
    ...(time !== undefined && { timeLimitSeconds: readBy(parseDuration, time, "--time") }),
  };
}

/** What cannot be read is told with its option. */
function readBy<T>(parse: (words: string) => T, words: string, option: string): T {
  try {
    return parse(words);
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    const { message, hint } = error;
    throw new CliError("CLI_USAGE", `${option}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`, { hint });
  }
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
