import type { Job, JobPlan, PlanContext, PlannedFile } from "@slipway/core";
import {
  elementsFile,
  isKeptByShell,
  renderElements,
  renderEnvironment,
  renderSbatchScript,
  sbatchScriptName,
} from "@slipway/sbatch";
import type { SbatchScriptOptions } from "@slipway/sbatch";
import { wrapperFunctions } from "@slipway/store";

import type { ClusterSettings } from "./cluster-settings.ts";
import type { ClusterFacts } from "./facts.ts";
import { renderSubmission, submissionFile } from "./submission.ts";

export interface PlanOptions {
  readonly jobDir: string;
  readonly cluster: ClusterSettings;
  /** What is known of the cluster's release, to check the request against. */
  readonly facts?: Pick<ClusterFacts, "slurmVersion" | "maxArraySize"> | undefined;
}

/** What `submit` will do for a job on a cluster. Pure. Throws an SbatchError for what Slurm or a process cannot be given. */
export function planSlurmJob(job: Job, context: PlanContext, { jobDir, cluster, facts }: PlanOptions): JobPlan {
  const { experiment, code, secrets, comments, tryNumber } = context;
  const token = `${experiment}.${job.name}.${tryNumber}`;
  const env = { ...cluster.env, ...job.env };
  const scriptOptions: SbatchScriptOptions = {
    experiment,
    job: { ...job, env },
    token,
    comments,
    settings: cluster,
    containers: { runtime: cluster.containerRuntime ?? "none", images: cluster.containers, mounts: cluster.mounts },
    secretNames: Object.keys(secrets),
    holdCode,
    slurmVersion: facts?.slurmVersion,
    maxArraySize: facts?.maxArraySize,
  };
  const elements = renderElements(scriptOptions);
  return {
    experiment,
    job,
    token,
    runDir: `${jobDir}/runs/${experiment}/${job.name}`,
    code,
    files: [
      { path: sbatchScriptName, content: renderSbatchScript(scriptOptions), mode: 0o644 },
      ...(elements === undefined ? [] : [{ path: elementsFile, content: elements, mode: 0o644 }]),
      ...renderVariables("env", env),
      ...(job.group ?? []).flatMap((member) => renderVariables(`env.${member.name}`, member.env)),
      ...renderVariables("secrets", secrets),
      { path: submissionFile, content: renderSubmission({ token, job, settings: cluster }), mode: 0o644 },
    ],
    script: sbatchScriptName,
    warnings: [
      ...requestWarnings(job, cluster),
      ...[...Object.keys(env), ...Object.keys(secrets)]
        .filter(isKeptByShell)
        .map((name) => `The shell that starts the job may keep its own value of ${name}`),
    ],
  };
}

/** None without a variable: where there are many jobs each file counts. */
function renderVariables(path: string, variables: Readonly<Record<string, string>>): readonly PlannedFile[] {
  const content = renderEnvironment(variables);
  return content === "" ? [] : [{ path, content, mode: 0o600 }];
}

function requestWarnings({ resources, container, sbatch = {} }: Job, cluster: ClusterSettings): readonly string[] {
  const { gpusPerNode = 0, timeLimitSeconds } = resources;
  const warnings: string[] = [];
  if (timeLimitSeconds === undefined && cluster.sbatch?.["time"] === undefined && sbatch["time"] === undefined)
    warnings.push("Without a time limit the partition's own counts, and Slurm may start the job later than it could");
  if (gpusPerNode > 0 && cluster.disableGpusPerNode === true)
    warnings.push(`${cluster.name} refuses --gpus-per-node: ${gpusPerNode} GPUs per node are not asked for`);
  if (container !== undefined && (cluster.containerRuntime ?? "none") === "none")
    warnings.push(`${cluster.name} has no container runtime: ${container} is ignored`);
  return warnings;
}

/**
 * On the node, before the command: the job's lease is there, or the wrapper takes one, and the code is whole. Source: `spec: store`,
 * "The job's wrapper". The run directory is `<jobDir>/runs/<experiment>/<job>`.
 */
const holdCode = `${wrapperFunctions.trim()}
slipway_link=$(readlink code) || return
slipway_link=\${slipway_link%/tree} slipway_link=\${slipway_link##*/}
slipway_use_code ../../../store "$slipway_link" "\${slipway_link%%.*}" "$SLURM_CLUSTER_NAME" "$slipway_id" 120 || return
[ "\${slipway_instance##*/}" = "$slipway_link" ] || ln -sfn "../../../store/code/\${slipway_instance##*/}/tree" code
`;
