import { orderByNeeds } from "@slipway/core";
import type { JobPlan } from "@slipway/core";

import { LocalExecutorError } from "./error.ts";

/**
 * The plans with dependencies first. Names of jobs that are needed and not among the plans are in `outside`.
 * Throws EXECUTOR_DEPENDENCY_CYCLE.
 */
export function orderPlans(plans: readonly JobPlan[]): {
  readonly ordered: readonly JobPlan[];
  readonly outside: readonly { readonly plan: JobPlan; readonly job: string }[];
} {
  const { ordered, cycle, outside } = orderByNeeds(plans, (plan) => ({
    name: plan.runDir,
    needs: plan.job.needs.map(({ job }) => siblingRunDir(plan, job)),
  }));
  if (cycle) throw cycleError(cycle);
  return { ordered, outside: outside.map(({ item, name }) => ({ plan: item, job: basename(name) })) };
}

/** Where another job of the plan's experiment lies: the wrapper looks for it there. */
export function siblingRunDir(plan: JobPlan, job: string): string {
  return plan.runDir.slice(0, plan.runDir.length - plan.job.name.length) + job;
}

function basename(runDir: string): string {
  return runDir.slice(runDir.lastIndexOf("/") + 1);
}

function cycleError(plans: readonly JobPlan[]): LocalExecutorError {
  const names = plans.map((plan) => plan.job.name).join(" needs ");
  return new LocalExecutorError("EXECUTOR_DEPENDENCY_CYCLE", `The jobs wait for each other: ${names}`, {
    hint: "Take one of these dependencies away",
  });
}
