import type { InstanceSeen, Inventory, KnownExperiment } from "./inventory.ts";

interface Use {
  readonly experiment: string;
  readonly project: string;
  /** Greater is newer. */
  readonly order: number;
  readonly uses: (instance: InstanceSeen) => boolean;
}

/** Why an instance belongs to the newest experiments of a project, by its name. */
export function protectNewest(
  { instances, runs }: Pick<Inventory, "instances" | "runs">,
  experiments: readonly KnownExperiment[],
  keepLast: number,
): ReadonlyMap<string, string> {
  const recorded = new Set(experiments.map(({ experiment }) => experiment));
  const known = experiments.map(({ experiment, project, createdAt, digest }): Use => ({
    experiment,
    project,
    order: Date.parse(createdAt),
    uses: (instance) => instance.digest === digest,
  }));
  // Somebody else's, or another machine's: nobody knows which project they belong to, so each name is one of its own.
  const others = runs.flatMap(({ experiment, ageSeconds, instance: used }): readonly Use[] =>
    used === undefined || recorded.has(experiment)
      ? []
      : [{ experiment, project: nameOf(experiment), order: -ageSeconds, uses: ({ instance }) => instance === used }],
  );
  const protectedBy = new Map<string, string>();
  for (const group of [...groupByProject(known), ...groupByProject(others)]) {
    for (const { experiment, project, uses } of newest(group, keepLast)) {
      for (const instance of instances.filter(uses)) {
        if (!protectedBy.has(instance.instance)) {
          protectedBy.set(instance.instance, `${experiment} is among the newest ${keepLast} of ${project}`);
        }
      }
    }
  }
  return protectedBy;
}

/** `lr-sweep-x7k2m9` → `lr-sweep`. */
function nameOf(experiment: string): string {
  return experiment.replace(/-[a-z0-9]{6}$/, "");
}

function groupByProject(uses: readonly Use[]): readonly (readonly Use[])[] {
  const groups = new Map<string, Use[]>();
  for (const use of uses) {
    const group = groups.get(use.project);
    if (group) group.push(use);
    else groups.set(use.project, [use]);
  }
  return [...groups.values()];
}

/** All uses of the newest experiments: one with several jobs counts once. */
function newest(group: readonly Use[], count: number): readonly Use[] {
  const sorted = group.toSorted((a, b) => b.order - a.order || a.experiment.localeCompare(b.experiment));
  const names = new Set<string>();
  return sorted.filter(({ experiment }) => {
    if (names.size < count) names.add(experiment);
    return names.has(experiment);
  });
}
