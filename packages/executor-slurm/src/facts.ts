import type { Transport } from "@slipway/core";
import { parseScontrolConfig } from "@slipway/sbatch";

import { SlurmExecutorError } from "./error.ts";
import { runScript, toolMissing } from "./remote.ts";
import type { RunOptions } from "./remote.ts";
import { unreachable } from "./submit-failure.ts";

/** What the cluster says of itself. */
export interface ClusterFacts {
  /** Slurm's ClusterName. */
  readonly clusterName: string;
  readonly hasAccounting: boolean;
  /** `22.05.8` */
  readonly slurmVersion?: string;
  readonly maxArraySize?: number;
}

const script = `
command -v scontrol >/dev/null 2>&1 || fail tool scontrol
config=$(scontrol show config 2>&1)
say CONFIG $?
printf '%s\\n' "$config"
`;

/** Asks the controller. Rejects with EXECUTOR_SLURM_UNREACHABLE when it does not answer. */
export async function learnFacts(
  transport: Transport,
  { jobDir, signal }: RunOptions & { readonly jobDir: string },
): Promise<ClusterFacts> {
  const { sections } = await runScript(transport, script, { signal });
  const failed = sections.find(({ word }) => word === "FAIL");
  if (failed) throw toolMissing(transport.host, failed.rest.replace(/^tool /, ""));
  const config = sections.find(({ word }) => word === "CONFIG");
  if (config?.rest !== "0") throw unreachable((config?.body ?? "").trim(), { host: transport.host, jobDir });
  const settings = parseScontrolConfig(config.body);
  const clusterName = settings.get("ClusterName") ?? "";
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(clusterName)) {
    throw new SlurmExecutorError(
      "EXECUTOR_NO_ANSWER",
      `The ClusterName of ${transport.host} cannot be used: ${JSON.stringify(clusterName.slice(0, 80))}`,
      { hint: "See scontrol show config there" },
    );
  }
  const slurmVersion = settings.get("SLURM_VERSION");
  const maxArraySize = Number(settings.get("MaxArraySize"));
  return {
    clusterName,
    hasAccounting: !(settings.get("AccountingStorageType") ?? "").endsWith("/none"),
    ...(slurmVersion !== undefined && { slurmVersion }),
    ...(maxArraySize > 0 && { maxArraySize }),
  };
}
