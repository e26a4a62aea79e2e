import type { JobPlan } from "@slipway/core";

import { SlurmExecutorError } from "./error.ts";

/**
 * The plans with dependencies first. Names of jobs that are needed and not among the plans are in `outside`.
 * Throws EXECUTOR_DEPENDENCY_CYCLE.
 */
export function orderPlans(plans: readonly JobPlan[]): {
  readonly ordered: readonly JobPlan[];
  readonly outside: readonly { readonly plan: JobPlan; readonly job: string }[];
} {
  const planOf = new Map(plans.map((plan) => [keyOf(plan, plan.job.name), plan]));
  const ordered = new Set<JobPlan>();
  const outside: { plan: JobPlan; job: string }[] = [];
  const visit = (plan: JobPlan, waiting: readonly JobPlan[]): void => {
    if (ordered.has(plan)) return;
    if (waiting.includes(plan)) throw cycle([...waiting.slice(waiting.indexOf(plan)), plan]);
    for (const { job } of plan.job.needs) {
      const needed = planOf.get(keyOf(plan, job));
      if (needed) visit(needed, [...waiting, plan]);
      else outside.push({ plan, job });
    }
    ordered.add(plan);
  };
  for (const plan of plans) visit(plan, []);
  return { ordered: [...ordered], outside };
}

function keyOf({ experiment }: JobPlan, job: string): string {
  return `${experiment}/${job}`;
}

function cycle(plans: readonly JobPlan[]): SlurmExecutorError {
  const names = plans.map((plan) => plan.job.name).join(" needs ");
  return new SlurmExecutorError("EXECUTOR_DEPENDENCY_CYCLE", `The jobs wait for each other: ${names}`, {
    hint: "Take one of these dependencies away",
  });
}
