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
  const planOf = new Map(plans.map((plan) => [plan.runDir, plan]));
  const ordered = new Set<JobPlan>();
  const outside: { plan: JobPlan; job: string }[] = [];
  const visit = (plan: JobPlan, waiting: readonly JobPlan[]): void => {
    if (ordered.has(plan)) return;
    if (waiting.includes(plan)) throw cycle([...waiting.slice(waiting.indexOf(plan)), plan]);
    for (const { job } of plan.job.needs) {
      const needed = planOf.get(siblingRunDir(plan, job));
      if (needed) visit(needed, [...waiting, plan]);
      else outside.push({ plan, job });
    }
    ordered.add(plan);
  };
  for (const plan of plans) visit(plan, []);
  return { ordered: [...ordered], outside };
}

/** Where another job of the plan's experiment lies: the wrapper looks for it there. */
export function siblingRunDir(plan: JobPlan, job: string): string {
  return plan.runDir.slice(0, plan.runDir.length - plan.job.name.length) + job;
}

function cycle(plans: readonly JobPlan[]): LocalExecutorError {
  const names = plans.map((plan) => plan.job.name).join(" needs ");
  return new LocalExecutorError("EXECUTOR_DEPENDENCY_CYCLE", `The jobs wait for each other: ${names}`, {
    hint: "Take one of these dependencies away",
  });
}
