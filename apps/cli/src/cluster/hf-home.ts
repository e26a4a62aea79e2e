import type { ClusterConfig } from "@slipway/config";
import type { Job } from "@slipway/core";

import { CliError } from "../error.ts";
import { expandMounts } from "./mounts.ts";

/**
 * What NeMo-Skills asks of jobs in containers: HF_HOME is set, and lies below a mount, or every job would download its models anew.
 * Source: nemo_skills/pipeline/utils/exp.py. The job has its cluster's variables already.
 */
export function checkHfHome(
  job: Job,
  { name: cluster, file, mounts, containerRuntime = "none", executor, skipsHfHomeCheck }: ClusterConfig,
  env: Readonly<Record<string, string | undefined>>,
): void {
  if (executor !== "slurm" || containerRuntime === "none" || skipsHfHomeCheck) return;
  const ofCluster = expandMounts(mounts, env);
  for (const part of job.group ?? [job]) {
    if ((part.container ?? job.container) === undefined) continue;
    const home = part.env["HF_HOME"] ?? job.env["HF_HOME"];
    const where = file ?? `the file of ${cluster}`;
    if (home === undefined) {
      throw new CliError("CLI_USAGE", `The job ${job.name} has no HF_HOME in its container`, {
        hint: `Add HF_HOME=/a/mounted/folder to env_vars in ${where}, or skip_hf_home_check: true`,
      });
    }
    const targets = [...ofCluster, ...(job.mounts ?? []), ...(part.mounts ?? [])].map(
      (each) => each.split(":")[1] ?? "",
    );
    if (targets.some((target) => isBelow(home, target))) continue;
    throw new CliError(
      "CLI_USAGE",
      `HF_HOME of the job ${job.name} is ${home}, which no mount of its container holds`,
      {
        hint: `Add a mount for it to ${where}, or skip_hf_home_check: true`,
      },
    );
  }
}

/** By whole names: `/database` is not below `/data`. */
function isBelow(path: string, folder: string): boolean {
  const whole = folder.replace(/\/+$/, "");
  return path === whole || path.startsWith(`${whole}/`);
}
