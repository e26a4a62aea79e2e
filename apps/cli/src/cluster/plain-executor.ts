import type { Executor } from "@slipway/core";

/** An executor as an object that can be spread: it may be an instance of a class, whose functions need it as `this`. */
export function plainExecutor(executor: Executor): Executor {
  const findExperiments = executor.findExperiments?.bind(executor);
  const takeBack = executor.takeBack?.bind(executor);
  return {
    apiVersion: executor.apiVersion,
    name: executor.name,
    stage: executor.stage.bind(executor),
    plan: executor.plan.bind(executor),
    submit: executor.submit.bind(executor),
    poll: executor.poll.bind(executor),
    cancel: executor.cancel.bind(executor),
    logs: executor.logs.bind(executor),
    ...(findExperiments && { findExperiments }),
    ...(takeBack && { takeBack }),
    [Symbol.asyncDispose]: executor[Symbol.asyncDispose].bind(executor),
  };
}
