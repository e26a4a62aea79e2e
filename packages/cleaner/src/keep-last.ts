import type { InstanceSeen, Inventory, KnownExperiment } from "./inventory.ts";

interface Use {
  readonly experiment: string;
  readonly project: string;
  /** Greater is newer. */
  readonly order: number;
  /** Of an instance, or the digest of all that it has. */
  readonly code: string;
}

/** Why an instance belongs to the newest experiments of a project, by its name. */
export function protectNewest(
  { instances, runs }: Pick<Inventory, "instances" | "runs">,
  experiments: readonly KnownExperiment[],
  keepLast: number,
): ReadonlyMap<string, string> {
  const protectedBy = new Map<string, string>();
  if (keepLast === 0) return protectedBy;
  const recorded = new Set(experiments.map(({ experiment }) => experiment));
  const known = experiments.map(({ experiment, project, createdAt, digest }): Use => ({
    experiment,
    project,
    order: Date.parse(createdAt),
    code: digest,
  }));
  // Somebody else's, or another machine's: nobody knows which project they belong to, so each name is one of its own.
  const others: Use[] = [];
  for (const { experiment, ageSeconds, instance } of runs) {
    if (instance === undefined || recorded.has(experiment)) continue;
    others.push({ experiment, project: nameOf(experiment), order: -ageSeconds, code: instance });
  }
  const namesOf = namesByCode(instances);
  for (const group of [...groupByProject(known), ...groupByProject(others)]) {
    for (const { experiment, project, code } of newest(group, keepLast)) {
      for (const name of namesOf.get(code) ?? []) {
        if (!protectedBy.has(name)) {
          protectedBy.set(name, `${experiment} is among the newest ${keepLast} of ${project}`);
        }
      }
    }
  }
  return protectedBy;
}

/** Those of a digest, and each by its own name. */
function namesByCode(instances: readonly InstanceSeen[]): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const { instance, digest } of instances) {
    names.set(instance, [instance]);
    const same = names.get(digest);
    if (same) same.push(instance);
    else names.set(digest, [instance]);
  }
  return names;
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
