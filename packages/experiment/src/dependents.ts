import type { DependencyType, ExperimentRecord } from "@slipway/core";

export interface Dependents {
  /** Every job that needs one of these, or one that does, in the record's order. */
  readonly all: readonly string[];
  /** Those among them that cannot begin any more when these do not succeed. */
  readonly never: readonly string[];
}

const needsSuccess: Readonly<Record<DependencyType, boolean>> = {
  ok: true,
  corresponding: true,
  any: false,
  notok: false,
};

/** The jobs of an experiment that wait for some of its jobs. */
export function dependentsOf({ jobs }: Pick<ExperimentRecord, "jobs">, names: readonly string[]): Dependents {
  const reach = (isCounted: (type: DependencyType) => boolean) => {
    const reached = new Set(names);
    for (let before = -1; before !== reached.size;) {
      before = reached.size;
      for (const { name, needs } of jobs) {
        if (needs.some((need) => need.experiment === undefined && reached.has(need.job) && isCounted(need.type)))
          reached.add(name);
      }
    }
    return jobs.map(({ name }) => name).filter((name) => reached.has(name) && !names.includes(name));
  };
  return { all: reach(() => true), never: reach((type) => needsSuccess[type]) };
}
