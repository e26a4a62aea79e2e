import type { InstanceSeen, Inventory, JobsSeen, RunSeen } from "@slipway/cleaner";
import type { StoredLease } from "@slipway/store";

export const hours = (count: number) => count * 3600;
export const days = (count: number) => count * 86_400;

export const digestOf = (letter: string) => Buffer.from(letter).toString("hex").padStart(64, "0");

/** Its last letter tells it from the others. */
export const nameOf = (letter: string) => `${digestOf(letter)}.${letter}`;

export function copy(letter: string, more: Partial<InstanceSeen> = {}): InstanceSeen {
  const instance = nameOf(letter);
  return {
    instance,
    digest: digestOf(letter),
    directory: `/jobs/store/code/${instance}/tree`,
    open: true,
    contents: { files: 10, symlinks: 1, directories: 2, bytes: 1000 },
    leases: [],
    idleSeconds: 0,
    ...more,
  };
}

export function lease(letter: string, name: string, more: { ageSeconds: number; userId?: number }): StoredLease {
  return { instance: nameOf(letter), name, holder: holderOf(name), userId: 1000, ...more };
}

function holderOf(name: string): StoredLease["holder"] {
  const rest = name.slice(2);
  const [clusterName = "", jobId = ""] = rest.split(".");
  switch (name.charAt(0)) {
    case "i":
      return { kind: "intent", token: rest };
    case "j":
      return { kind: "job", clusterName, jobId };
    case "w":
      return { kind: "wrapper", clusterName, jobId };
    case "p":
      return { kind: "pin", experiment: rest };
    default:
      return { kind: "unknown" };
  }
}

export function run(name: string, letter: string, ageSeconds = 0): RunSeen {
  const [experiment = "", job = ""] = name.split("/");
  return { experiment, job, ageSeconds, userId: 1000, instance: nameOf(letter) };
}

export function queue(states: Readonly<Record<string, string>>, tokens: readonly string[] = []): JobsSeen {
  return { kind: "slurm", userId: 1000, states: new Map(Object.entries(states)), tokens: new Set(tokens) };
}

export function inventoryOf(seen: Partial<Inventory>): Inventory {
  return {
    host: "login",
    jobDir: "/jobs",
    clusterName: "hpc",
    instances: [],
    leftovers: [],
    runs: [],
    unfinishedRuns: [],
    jobs: queue({}),
    space: {},
    ...seen,
  };
}
