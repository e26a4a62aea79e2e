import { orderByNeeds } from "@slipway/core";
import type { Dependency, JobPlan } from "@slipway/core";

import { LocalExecutorError } from "./error.ts";

/**
 * The plans with dependencies first. Jobs that are needed and not among the plans are in `outside`.
 * Throws EXECUTOR_DEPENDENCY_CYCLE.
 */
export function orderPlans(plans: readonly JobPlan[]): {
  readonly ordered: readonly JobPlan[];
  readonly outside: readonly { readonly plan: JobPlan; readonly need: Dependency }[];
} {
  const { ordered, cycle, outside } = orderByNeeds(plans, (plan) => ({
    name: plan.runDir,
    needs: plan.job.needs.map((need) => neededRunDir(plan, need)),
  }));
  if (cycle) throw cycleError(cycle);
  const isOutside = new Set(outside.map(({ name }) => name));
  return {
    ordered,
    outside: plans.flatMap((plan) =>
      plan.job.needs.filter((need) => isOutside.has(neededRunDir(plan, need))).map((need) => ({ plan, need })),
    ),
  };
}

/** Where a job that this one needs lies: the wrapper looks for it there. */
export function neededRunDir({ runDir, experiment, job: { name } }: JobPlan, need: Dependency): string {
  const runs = runDir.slice(0, runDir.length - `${experiment}/${name}`.length);
  return `${runs}${need.experiment ?? experiment}/${need.job}`;
}

function cycleError(plans: readonly JobPlan[]): LocalExecutorError {
  const names = plans.map((plan) => plan.job.name).join(" needs ");
  return new LocalExecutorError("EXECUTOR_DEPENDENCY_CYCLE", `The jobs wait for each other: ${names}`, {
    hint: "Take one of these dependencies away",
  });
}
