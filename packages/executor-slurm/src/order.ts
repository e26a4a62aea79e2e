import { orderByNeeds } from "@slipway/core";
import type { JobPlan } from "@slipway/core";

import { SlurmExecutorError } from "./error.ts";

/** The plans with dependencies first. Throws EXECUTOR_DEPENDENCY_CYCLE. */
export function orderPlans(plans: readonly JobPlan[]): readonly JobPlan[] {
  const { ordered, cycle } = orderByNeeds(plans, ({ experiment, job }) => ({
    name: `${experiment}/${job.name}`,
    needs: job.needs.map((need) => `${need.experiment ?? experiment}/${need.job}`),
  }));
  if (!cycle) return ordered;
  const names = cycle.map(({ job }) => job.name).join(" needs ");
  throw new SlurmExecutorError("EXECUTOR_DEPENDENCY_CYCLE", `The jobs wait for each other: ${names}`, {
    hint: "Take one of these dependencies away",
  });
}
