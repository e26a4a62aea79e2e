import type { Inventory, KnownExperiment } from "./inventory.ts";
import { sizeOf, sumOf } from "./size.ts";
import type { Size } from "./size.ts";

/** What code takes, from the sizes that were recorded when it came. */
export interface Usage extends Size {
  /** Copies that jobs can use, the closed ones among them. */
  readonly bundles: number;
  /** Of the whole, what lies in the trash. */
  readonly trash: Size;
  readonly experiments: readonly ExperimentUsage[];
  readonly projects: readonly ProjectUsage[];
}

export interface ExperimentUsage extends Size {
  readonly experiment: string;
  readonly project?: string;
  /** Of that, what no other experiment has: this is what its removal would free. */
  readonly unique: Size;
}

export interface ProjectUsage extends Size {
  readonly project: string;
  readonly unique: Size;
}

/** Pure. An experiment has the code that its run directories lead to. */
export function measureUsage(inventory: Inventory, experiments: readonly KnownExperiment[]): Usage {
  const { instances, leftovers, runs } = inventory;
  const projectOf = new Map(experiments.map(({ experiment, project }) => [experiment, project]));
  const byExperiment = group(runs.map(({ experiment, instance }) => [experiment, instance]));
  const byProject = group(runs.map(({ experiment, instance }) => [projectOf.get(experiment) ?? "", instance]));
  byProject.delete("");
  const sizes = new Map(instances.map((instance) => [instance.instance, sizeOf(instance)]));
  const trash = sumOf(leftovers.map(sizeOf));
  return {
    ...sumOf([...sizes.values(), trash]),
    bundles: instances.length,
    trash,
    experiments: measure(byExperiment, sizes).map(({ name, ...size }) => {
      const project = projectOf.get(name);
      return { experiment: name, ...(project !== undefined && { project }), ...size };
    }),
    projects: measure(byProject, sizes).map(({ name, ...size }) => ({ project: name, ...size })),
  };
}

type Groups = Map<string, Set<string>>;

function group(pairs: readonly (readonly [name: string, instance: string | undefined])[]): Groups {
  const groups: Groups = new Map();
  for (const [name, instance] of pairs) {
    const members = groups.get(name) ?? new Set();
    groups.set(name, members);
    if (instance !== undefined) members.add(instance);
  }
  return groups;
}

/** Biggest first. */
function measure(groups: Groups, sizes: ReadonlyMap<string, Size>) {
  const users = new Map<string, number>();
  for (const members of groups.values()) for (const each of members) users.set(each, (users.get(each) ?? 0) + 1);
  const sum = (members: readonly string[]) => sumOf(members.flatMap((each) => sizes.get(each) ?? []));
  return [...groups]
    .map(([name, members]) => {
      const unique = sum([...members].filter((each) => users.get(each) === 1));
      return { name, ...sum([...members]), unique };
    })
    .toSorted((a, b) => b.bytes - a.bytes || a.name.localeCompare(b.name));
}
