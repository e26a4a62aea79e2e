import type { Transport } from "@slipway/core";
import type { PartitionRow } from "@slipway/sbatch";

import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { formatDuration, renderTable } from "../report/text.ts";
import { findClusterConfig, openClusterTransport } from "./open.ts";

/** What a partition has and what of it is free. */
export interface PartitionSummary {
  readonly partition: string;
  readonly isDefault: boolean;
  readonly isUp: boolean;
  readonly timeLimitSeconds?: number;
  readonly nodes: { readonly idle: number; readonly total: number };
  readonly cpus: { readonly idle: number; readonly total: number };
  readonly gpusPerNode: number;
  /** Of the smallest node. */
  readonly memoryMiB: number;
  readonly waitingJobs: number;
}

export async function readPartitions(name: string, context: Context): Promise<readonly PartitionSummary[]> {
  const config = await findClusterConfig(name, context);
  if (config.executor !== "slurm") {
    throw new CliError("CLI_USAGE", `${name} is no Slurm cluster: it has no partitions`, {
      hint: "Say --cluster NAME",
    });
  }
  const { parseSinfo, sinfoCommand } = await import("@slipway/sbatch");
  await using transport = await openClusterTransport(config, context);
  const [rows, waiting] = await Promise.all([
    ask(transport, sinfoCommand(), context).then(parseSinfo),
    ask(transport, ["squeue", "-h", "-t", "PENDING", "-o", "%P"], context),
  ]);
  return summarize(rows, waiting.split("\n"));
}

/** One row a partition, out of rows of nodes that are alike. */
export function summarize(
  rows: readonly PartitionRow[],
  waitingPartitions: readonly string[],
): readonly PartitionSummary[] {
  const byName = new Map<string, PartitionSummary>();
  for (const row of rows) {
    const { partition, isDefault, isUp, timeLimitSeconds, cpus, gpusPerNode, memoryMiB } = row;
    const earlier = byName.get(partition);
    const idle = row.nodeState === "idle" ? row.nodes : 0;
    byName.set(partition, {
      partition,
      isDefault,
      isUp,
      ...(timeLimitSeconds !== undefined && { timeLimitSeconds }),
      nodes: { idle: (earlier?.nodes.idle ?? 0) + idle, total: (earlier?.nodes.total ?? 0) + row.nodes },
      cpus: { idle: (earlier?.cpus.idle ?? 0) + cpus.idle, total: (earlier?.cpus.total ?? 0) + cpus.total },
      gpusPerNode: Math.max(earlier?.gpusPerNode ?? 0, gpusPerNode),
      memoryMiB: Math.min(earlier?.memoryMiB ?? Infinity, memoryMiB),
      waitingJobs: waitingPartitions.filter((names) => names.split(",").includes(partition)).length,
    });
  }
  return [...byName.values()];
}

export function renderPartitions(partitions: readonly PartitionSummary[]): string {
  const head = ["PARTITION", "STATE", "LIMIT", "NODES FREE", "CPUS FREE", "GPUS/NODE", "MEMORY/NODE", "WAITING"];
  const rows = partitions.map(({ partition, isDefault, isUp, timeLimitSeconds, nodes, cpus, ...rest }) => [
    `${partition}${isDefault ? "*" : ""}`,
    isUp ? "up" : "down",
    timeLimitSeconds === undefined ? "none" : formatDuration(timeLimitSeconds * 1000),
    `${nodes.idle} of ${nodes.total}`,
    `${cpus.idle} of ${cpus.total}`,
    String(rest.gpusPerNode),
    `${Math.round(rest.memoryMiB / 1024)} GiB`,
    String(rest.waitingJobs),
  ]);
  return renderTable([head, ...rows]);
}

async function ask(transport: Transport, argv: readonly string[], { signal }: Context): Promise<string> {
  const { stdout, stderr, exitCode } = await transport.exec(argv, { signal });
  if (exitCode === 0) return Buffer.from(stdout).toString("utf8");
  const { SlurmExecutorError } = await import("@slipway/executor-slurm");
  const said = stderr.trim().split("\n").at(-1) ?? "";
  if (exitCode === 127) {
    throw new SlurmExecutorError("EXECUTOR_SLURM_TOOL_MISSING", `${transport.host} has no ${argv[0]}`, {
      hint: "Is it a login node? Set pre_command (module load slurm), or PATH for non-interactive logins",
    });
  }
  throw new SlurmExecutorError("EXECUTOR_SLURM_UNREACHABLE", `Slurm on ${transport.host} does not answer: ${said}`, {
    hint: "Queued and running jobs go on. Look again later, or see what else is wrong: slipway doctor --cluster …",
  });
}
