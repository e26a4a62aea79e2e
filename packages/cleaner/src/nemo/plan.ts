import type { Thing } from "../plan.ts";
import type { RetentionPolicy } from "../policy.ts";
import { describeAge } from "../words.ts";
import type { NemoExperiment, NemoInventory } from "./inventory.ts";

/** A copy of code that goes; `relative` is its path below the directory. */
export interface NemoRemoval extends Thing {
  readonly relative: string;
}

export interface NemoPlan {
  readonly remove: readonly NemoRemoval[];
  readonly keep: readonly Thing[];
  readonly errors: readonly string[];
}

/**
 * Copies of code go, extracted and archived; what an experiment has recorded, its scripts and its logs stay, so that NeMo-Run still
 * knows it. Pure. Any doubt keeps.
 */
export function planNemoCleaning(inventory: NemoInventory, policy: Pick<RetentionPolicy, "maxAgeSeconds">): NemoPlan {
  const { directory, experiments, queue } = inventory;
  const remove: NemoRemoval[] = [];
  const keep: Thing[] = [];
  for (const experiment of experiments) {
    const need = describeNeed(experiment, inventory, policy);
    for (const { path, bytes, inodes, doubt } of experiment.copies) {
      const stays = need ?? doubt;
      const why =
        stays ?? `nothing of it was written for ${describeAge(experiment.ageSeconds)}, and no job of it is known`;
      const thing = { kind: "nemo-code", path: `${directory}/${path}`, bytes, inodes, why } as const;
      if (stays !== undefined) keep.push(thing);
      else remove.push({ ...thing, relative: path });
    }
  }
  return { remove, keep, errors: queue.kind === "silent" ? [queue.why] : [] };
}

function describeNeed(
  experiment: NemoExperiment,
  inventory: NemoInventory,
  { maxAgeSeconds }: Pick<RetentionPolicy, "maxAgeSeconds">,
): string | undefined {
  const { id, path, ageSeconds, isSlurm } = experiment;
  if (ageSeconds < maxAgeSeconds) return `it was last written ${describeAge(ageSeconds)} ago`;
  const user = inventory.experiments.find(
    (other) => other.id !== id && other.links.some((link) => link.includes(`/${path.split("/").slice(-2).join("/")}/`)),
  );
  if (user) return `${user.id} has its code by a link`;
  if (inventory.processes.some((line) => line.includes(id))) return "a process there names it";
  return isSlurm ? describeSlurmNeed(experiment, inventory) : undefined;
}

function describeSlurmNeed({ id }: NemoExperiment, { queue, submissions, layout }: NemoInventory): string | undefined {
  const own = submissions.filter((line) => line.includes(id));
  const isFromElsewhere = own.length > 0 && own.every((line) => line.includes(",SSHTunnel,"));
  switch (queue.kind) {
    case "silent":
      return `whether Slurm knows a job of it cannot be told: ${queue.why}`;
    case "absent":
      // A machine without Slurm submits over SSH, and then the jobs have the copy that travelled.
      return isFromElsewhere ? undefined : "its jobs are Slurm's, which cannot be asked from here";
    case "answered":
      break;
  }
  if (queue.rows.some((row) => row.includes(id))) return "Slurm still knows a job of it, and may start it again";
  const numbers = new Set(own.map((line) => /^(\d+)/.exec(line)?.[1] ?? ""));
  if (layout === "home" && numbers.size === 0) return "no job of it is recorded, and so none can be asked about";
  const known = queue.rows.find((row) => row.split("|", 2).some((word) => numbers.has(/^\d+/.exec(word)?.[0] ?? "")));
  return known && `Slurm still knows its job ${known.split("|", 1)[0]}`;
}
