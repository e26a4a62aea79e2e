import { parseSlurmDuration } from "./duration.ts";
import { parseOptionalText, parseTable } from "./text.ts";

/** Nodes of a partition that are alike and in one state. */
export interface PartitionRow {
  readonly partition: string;
  readonly isDefault: boolean;
  readonly isUp: boolean;
  /** Absent: no limit. */
  readonly timeLimitSeconds?: number;
  readonly nodes: number;
  /** Slurm's word without its marks: `idle`, `mixed`, `drained`. */
  readonly nodeState: string;
  readonly cpus: { readonly allocated: number; readonly idle: number; readonly other: number; readonly total: number };
  /** Of one node. */
  readonly gpusPerNode: number;
  readonly memoryMiB: number;
}

/** The columns of `parseSinfo`. Source: sinfo(1). */
export const sinfoFormat = "%P|%a|%l|%D|%T|%C|%m|%G";

/** Reads `sinfo -h -o <sinfoFormat>`. Throws SBATCH_UNREADABLE_OUTPUT for text without a row. */
export function parseSinfo(text: string): readonly PartitionRow[] {
  return parseTable(text, { command: "sinfo", parseLine }).rows;
}

function parseLine(line: string): PartitionRow | undefined {
  const [name = "", available = "", limit = "", nodes = "", word = "", cpuText = "", memory = "", ...gres] =
    line.split("|");
  const partition = parseOptionalText(name.replace(/\*$/, ""));
  const [, allocated, idle, other, total] = /^(\d{1,9})\/(\d{1,9})\/(\d{1,9})\/(\d{1,9})$/.exec(cpuText) ?? [];
  if (partition === undefined || gres.length !== 1 || !/^\d{1,9}$/.test(nodes) || total === undefined) return undefined;
  const timeLimitSeconds = parseSlurmDuration(limit);
  return {
    partition,
    isDefault: name.endsWith("*"),
    isUp: available === "up",
    ...(timeLimitSeconds !== undefined && { timeLimitSeconds }),
    nodes: Number(nodes),
    nodeState: /^[a-z_]+/.exec(word.toLowerCase())?.[0] ?? "unknown",
    cpus: { allocated: Number(allocated), idle: Number(idle), other: Number(other), total: Number(total) },
    gpusPerNode: countGpus(gres.join("")),
    memoryMiB: Number(/^\d{1,12}/.exec(memory)?.[0] ?? 0),
  };
}

/** `gpu:a100:8(S:0-1),gpu:4` → 12. Source: slurm.conf(5), Gres. */
function countGpus(gres: string): number {
  return gres
    .replaceAll(/\([^()]*\)/g, "")
    .split(",")
    .reduce((sum, item) => sum + Number(/^gpu(?::[^:]+)?:(\d{1,6})$/.exec(item)?.[1] ?? (item === "gpu" ? 1 : 0)), 0);
}
