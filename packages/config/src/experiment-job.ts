import type { Command, GroupMember, Job, JobArray, Resources, Retries } from "@slipway/core";

import type { ConfigDocument } from "./document.ts";
import type { CommandKeys, ContainerKeys, JobFile, MemberFile, ResourceKeys, SharedKeys } from "./experiment-schema.ts";
import { parseArray, parseWarning, retriesForEach } from "./job-text.ts";
import { readNeeds } from "./needs.ts";
import { matrixElement, matrixProduct } from "./placeholders.ts";
import type { Path } from "./problem.ts";
import { parseDuration, parseMemoryMiB } from "./units.ts";

interface JobInFile {
  readonly name: string;
  readonly job: JobFile;
  readonly defaults: SharedKeys;
  readonly document: ConfigDocument;
}

/** A job as it stands in a file that is right, with the file's defaults. */
export function toJob({ name, job, defaults, document }: JobInFile): Job {
  const path = ["jobs", name];
  const env = { ...toEnv(defaults, ["defaults"], document), ...toEnv(job, path, document) };
  const group = toGroup(job, path, document);
  const command = group?.[0]?.command ?? toCommand(job, path, document);
  const array = toArray({ job, path, document, command, env: toEnv(job, path, document) });
  const { retries, launcher, workdir, warning } = { ...defaults, ...job };
  const sbatch = { ...toSbatch(defaults, ["defaults"], document), ...toSbatch(job, path, document) };
  return {
    name,
    command,
    resources: { ...toResources(defaults, ["defaults"], document), ...toResources(job, path, document) },
    env,
    needs: readNeeds(document, name).map((need) => ({ job: need.job, type: need.type })),
    ...(array && { array }),
    ...(group && { group }),
    ...(retries !== undefined && { retries: toRetries(retries) }),
    ...(warning !== undefined && { warning: parseWarning(warning) }),
    ...toContainer({ ...defaults, ...job }),
    ...(launcher !== undefined && { launcher }),
    ...(workdir !== undefined && { workdir }),
    ...(Object.keys(sbatch).length > 0 && { sbatch }),
  };
}

function toGroup({ group }: JobFile, path: Path, document: ConfigDocument): readonly GroupMember[] | undefined {
  if (!group) return undefined;
  return Object.entries(group).map(([name, member]) => toMember(name, member, [...path, "group", name], document));
}

function toMember(name: string, member: MemberFile, path: Path, document: ConfigDocument): GroupMember {
  return {
    name,
    command: toCommand(member, path, document),
    resources: toResources(member, path, document),
    env: toEnv(member, path, document),
    ...toContainer(member),
    ...(member.ends_group !== undefined && { endsGroup: member.ends_group }),
  };
}

interface ArrayInFile {
  readonly job: JobFile;
  readonly path: Path;
  readonly document: ConfigDocument;
  readonly command: Command;
  /** The job's own: the defaults have no placeholders. */
  readonly env: Readonly<Record<string, string>>;
}

function toArray({ job, path, document, command, env }: ArrayInFile): JobArray | undefined {
  if (job.array !== undefined) return parseArray(textAt(document, [...path, "array"]));
  if (!job.matrix) return undefined;
  const lists = Object.entries(job.matrix).map(([key, values]): [string, readonly string[]] => {
    const at = [...path, "matrix", key];
    const places: readonly Path[] = Array.isArray(values) ? values.map((_, index) => [...at, index]) : [at];
    return [key, places.map((place) => textAt(document, place))];
  });
  const elements = matrixProduct(new Map(lists)).map((values) => matrixElement(command, env, values));
  return {
    indices: elements.map((_, index) => index),
    ...(job.max_running !== undefined && { maxRunning: job.max_running }),
    elements: Object.fromEntries(elements.map((element, index) => [String(index), element])),
  };
}

function toRetries(retries: NonNullable<SharedKeys["retries"]>): Retries {
  if (typeof retries === "number") return retriesForEach(retries);
  const { node_failed: nodeFailed, ...others } = retries;
  return { ...others, ...(nodeFailed !== undefined && { nodeFailed }) };
}

function toContainer({ container, mounts }: ContainerKeys): ContainerKeys {
  return { ...(container !== undefined && { container }), ...(mounts !== undefined && { mounts }) };
}

function toSbatch({ sbatch = {} }: SharedKeys, path: Path, document: ConfigDocument): NonNullable<Job["sbatch"]> {
  return Object.fromEntries(
    Object.entries(sbatch).map(([name, value]) => [
      name,
      typeof value === "boolean" ? value : textAt(document, [...path, "sbatch", name]),
    ]),
  );
}

function toCommand({ run, argv }: CommandKeys, path: Path, document: ConfigDocument): Command {
  if (argv) return { kind: "argv", argv: argv.map((_, index) => textAt(document, [...path, "argv", index])) };
  const commands = Array.isArray(run)
    ? run.map((_, index) => textAt(document, [...path, "run", index]))
    : [textAt(document, [...path, "run"])];
  return { kind: "shell", lines: commands.flatMap((command) => command.replace(/\n+$/, "").split("\n")) };
}

function toResources(keys: ResourceKeys, path: Path, document: ConfigDocument): Resources {
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

function toEnv(
  { env = {} }: Pick<SharedKeys, "env">,
  path: Path,
  document: ConfigDocument,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(env).map((name) => [name, textAt(document, [...path, "env", name])]));
}

/** A scalar that validation has seen. */
function textAt(document: ConfigDocument, path: Path): string {
  return document.text(path) ?? "";
}
