import type { Job, Retries, RetryBudget } from "@slipway/core";

import { SbatchError } from "../error.ts";

const causes = {
  timeout: "timeout",
  preempted: "preempted",
  nodeFailed: "node_failed",
  failed: "failed",
  requested: "requested",
} as const satisfies Readonly<Record<keyof Retries, string>>;

/** `timeout=3 requested=unlimited`, as the wrapper reads it. Throws SBATCH_INVALID_VALUE. */
export function renderRetries(retries: Retries): string {
  const { timeout, preempted, nodeFailed, failed, requested = "unlimited" } = retries;
  const budgets = [
    ["timeout", timeout],
    ["preempted", preempted],
    ["nodeFailed", nodeFailed],
    ["failed", failed],
    ["requested", requested],
  ] as const;
  return budgets
    .flatMap(([cause, budget]) => (budget === undefined ? [] : `${causes[cause]}=${checkedBudget(budget, cause)}`))
    .join(" ");
}

function checkedBudget(budget: RetryBudget, cause: string): RetryBudget {
  if (budget === "unlimited" || (Number.isInteger(budget) && budget >= 0 && budget <= 999_999)) return budget;
  throw new SbatchError("SBATCH_INVALID_VALUE", `retries.${cause} is ${budget}`, {
    hint: "Use a whole number from 0 on, or unlimited",
  });
}

/**
 * When the wrapper is told that the time limit is near, so that it can ask to begin again: a signal that no command of a user waits for.
 * Undefined where it need not know. Source: sbatch(1), --signal: it comes up to a minute early.
 */
export function limitSignal({ retries, resources, warning }: Job): string | undefined {
  const { timeout = 0 } = retries ?? {};
  if (timeout === 0 || warning) return undefined;
  const { timeLimitSeconds = 3600 } = resources;
  return `B:XCPU@${Math.min(60, Math.max(15, Math.floor(timeLimitSeconds / 10)))}`;
}
