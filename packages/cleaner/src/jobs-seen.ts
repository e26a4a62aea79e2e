import { parseScontrolConfig, SbatchError } from "@slipway/sbatch";

import { sectionOf } from "./host.ts";
import type { Section } from "./host.ts";
import type { JobsSeen } from "./inventory.ts";
import type { Survey } from "./survey.ts";

interface Known extends Pick<Survey, "live"> {
  readonly clusterName: string;
}

/** What the host's scheduler says. Whatever is not a whole answer of the right one is none. */
export function readJobs(sections: readonly Section[], known: Known): JobsSeen {
  const who = sectionOf(sections, "USER")?.rest ?? "";
  if (!/^\d+$/.test(who)) return silent("the host does not tell who asks");
  const userId = Number(who);
  if (sectionOf(sections, "BOOT")) return readProcesses(sections, known, userId);
  return readSlurm(sections, known, userId);
}

function silent(why: string): JobsSeen {
  return { kind: "silent", why };
}

function readSlurm(sections: readonly Section[], { clusterName }: Known, userId: number): JobsSeen {
  const config = sectionOf(sections, "CONFIG");
  const queue = sectionOf(sections, "QUEUE");
  if (!config || !queue) return silent("there is no squeue on the host");
  if (config.rest !== "0") return silent(`Slurm does not answer: ${config.lines[0] ?? "no reason given"}`);
  const name = clusterNameIn(config.lines);
  if (name !== clusterName) {
    return silent(`the cluster here is ${name ?? "one without a name"}, and the store is ${clusterName}'s`);
  }
  if (queue.rest !== "0") return silent(`squeue failed (${queue.rest})`);
  const states = new Map<string, string>();
  const tokens = new Set<string>();
  for (const line of queue.lines) {
    const [, raw, id, state] = rowPattern.exec(line) ?? [];
    if (raw === undefined || id === undefined || state === undefined) {
      return silent(`squeue said what cannot be read: ${line.slice(0, 80)}`);
    }
    for (const each of [raw, id]) if (!states.has(each) || mayRun(state)) states.set(each, state);
    for (const word of line.split("|").slice(-2)) tokens.add(word);
  }
  return { kind: "slurm", userId, states, tokens };
}

/** The columns of sbatch's `squeueFormat`: raw number, id with `_4`, `_[1-5]` or `+0`, state. */
const rowPattern = /^([1-9]\d{0,9})\|([1-9]\d{0,9})(?:[_+][^|]*)?\|([^|]+)\|/;

/** For people only: a job in whatever state may start again. Of an array, a member that waits tells more than one that ended. */
function mayRun(state: string): boolean {
  return /^(PENDING|RUNNING|SUSPENDED|COMPLETING|CONFIGURING|REQUEUE)/.test(state);
}

function clusterNameIn(lines: readonly string[]): string | undefined {
  try {
    return parseScontrolConfig(lines.join("\n")).get("ClusterName");
  } catch (error) {
    if (error instanceof SbatchError) return undefined;
    throw error;
  }
}

function readProcesses(sections: readonly Section[], { live }: Known, userId: number): JobsSeen {
  if (sectionOf(sections, "BOOT")?.rest === "") return silent("this machine does not tell when it was started");
  if (sectionOf(sections, "LINKED")) return silent("the run directories cannot be relied on: runs is a symbolic link");
  return { kind: "local", userId, live };
}
