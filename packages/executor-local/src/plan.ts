import path from "node:path";

import type { Job, JobPlan, PlanContext, Resources } from "@slipway/core";
import { isKeptByShell, renderEnvironment, renderJobScript } from "@slipway/sbatch";

import { partsFile, renderParts } from "./parts.ts";

export interface LocalMachine {
  readonly home: string;
  /** Processors that jobs may use at the same time. */
  readonly cores: number;
}

/** What `submit` will do for a job on this machine. Pure. Throws an SbatchError for what no process can be given. */
export function planLocalJob(job: Job, context: PlanContext, { home, cores }: LocalMachine): JobPlan {
  const { experiment, code, secrets, comments, tryNumber } = context;
  const token = `${experiment}.${job.name}.${tryNumber}`;
  const slots = { directory: "../../../slots", cores };
  const script = renderJobScript({ experiment, job, token, comments, slots });
  const parts = renderParts(job);
  const runDir = path.join(home, "runs", experiment, job.name);
  return {
    experiment,
    job,
    token,
    runDir,
    code,
    files: [
      { path: "job.sh", content: script, mode: 0o755 },
      { path: "env", content: renderEnvironment(job.env), mode: 0o600 },
      { path: "secrets", content: renderEnvironment(secrets), mode: 0o600 },
      ...(job.group ?? []).map(({ name, env }) => ({
        path: `env.${name}`,
        content: renderEnvironment(env),
        mode: 0o600,
      })),
      ...(parts === "" ? [] : [{ path: partsFile, content: parts, mode: 0o644 }]),
    ],
    script: "job.sh",
    warnings: [
      ...resourceWarnings(job.resources),
      ...jobWarnings(job, cores),
      ...variableWarnings([...Object.keys(job.env), ...Object.keys(secrets)]),
    ],
    handle: { id: token, experiment, job: job.name, runDir },
  };
}

function jobWarnings({ resources, group = [], sbatch, ...job }: Job, cores: number): readonly string[] {
  const { cpusPerTask = 1 } = resources;
  const parts = [{ container: job.container, mounts: job.mounts }, ...group];
  const containers = new Set(parts.flatMap(({ container }) => container ?? []));
  const warnings = [...containers].map(
    (name) => `A local job runs on this machine itself, not in the container ${name}`,
  );
  if (parts.some(({ mounts = [] }) => mounts.length > 0))
    warnings.push("A local job has no mounts: it sees this machine's folders");
  if (cpusPerTask > cores)
    warnings.push(`This machine has ${cores} processors, not ${cpusPerTask}; the job gets them all`);
  const options = Object.keys(sbatch ?? {});
  if (options.length > 0) warnings.push(`Options of sbatch are ignored: ${options.join(", ")}`);
  return warnings;
}

function resourceWarnings(resources: Resources): readonly string[] {
  return Object.entries(resourceWording).flatMap(([key, word]) => {
    const warning = word(resources);
    return key in resources && warning !== undefined ? [warning] : [];
  });
}

/** What a local run does not give; total, so that a new resource is decided on here. */
const resourceWording: Readonly<Record<keyof Resources, (resources: Resources) => string | undefined>> = {
  nodes: ({ nodes = 1 }) => (nodes > 1 ? `A local job runs on this machine alone, not on ${nodes} nodes` : undefined),
  tasksPerNode: ({ tasksPerNode = 1 }) =>
    tasksPerNode > 1 ? `A local job starts its command once, not ${tasksPerNode} times` : undefined,
  gpusPerNode: ({ gpusPerNode = 0 }) =>
    gpusPerNode > 0
      ? `A local job gets no GPUs of its own: ${gpusPerNode} asked for, it sees what this machine has`
      : undefined,
  cpusPerTask: () => undefined, // It waits until so many are free.
  memoryMiB: ({ memoryMiB = 0 }) => `A local job's memory is neither reserved nor limited: ${memoryMiB} MiB asked for`,
  timeLimitSeconds: () => undefined, // The wrapper keeps it.
  partition: ({ partition = "" }) => `A local job has no partition: ${partition} is ignored`,
  account: ({ account = "" }) => `A local job has no account: ${account} is ignored`,
  qos: ({ qos = "" }) => `A local job has no QOS: ${qos} is ignored`,
};

function variableWarnings(names: readonly string[]): readonly string[] {
  return names.filter(isKeptByShell).map((name) => `The shell that starts the job may keep its own value of ${name}`);
}
