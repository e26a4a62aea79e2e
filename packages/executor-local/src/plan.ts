import path from "node:path";

import type { Job, JobPlan, PlanContext, Resources } from "@slipway/core";
import { isKeptByShell, renderEnvironment, renderJobScript } from "@slipway/sbatch";

/** What `submit` will do for a job on this machine. Pure. Throws an SbatchError for what no process can be given. */
export function planLocalJob(job: Job, context: PlanContext, home: string): JobPlan {
  const { experiment, code, secrets, comments, tryNumber } = context;
  const token = `${experiment}.${job.name}.${tryNumber}`;
  const script = renderJobScript({ experiment, job, token, comments });
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
    ],
    script: "job.sh",
    warnings: [
      ...resourceWarnings(job.resources),
      ...variableWarnings([...Object.keys(job.env), ...Object.keys(secrets)]),
    ],
    handle: { id: token, experiment, job: job.name, runDir },
  };
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
  cpusPerTask: () => undefined, // It can use all of the machine's.
  memoryMiB: ({ memoryMiB = 0 }) => `A local job's memory is neither reserved nor limited: ${memoryMiB} MiB asked for`,
  timeLimitSeconds: () => undefined, // The wrapper keeps it.
  partition: ({ partition = "" }) => `A local job has no partition: ${partition} is ignored`,
  account: ({ account = "" }) => `A local job has no account: ${account} is ignored`,
  qos: ({ qos = "" }) => `A local job has no QOS: ${qos} is ignored`,
};

function variableWarnings(names: readonly string[]): readonly string[] {
  return names.filter(isKeptByShell).map((name) => `The shell that starts the job may keep its own value of ${name}`);
}
