import { CleanerError } from "./error.ts";
import { describeNeed } from "./experiment-need.ts";
import { planCode } from "./plan-code.ts";
import { runRemoval } from "./plan-runs.ts";
import type { CleaningPlan, PlanContext } from "./plan.ts";

/**
 * One experiment whole: its run directories with logs and outputs, and the code that no other experiment has. Pure. Throws
 * CLEANER_EXPERIMENT_NEEDED while a job of it can still start or runs, and CLEANER_EXPERIMENT_NOT_FOUND when nothing of it is there.
 */
export function planExperimentRemoval(experiment: string, context: PlanContext): CleaningPlan {
  const { inventory, policy, experiments } = context;
  const runs = inventory.runs.filter((run) => run.experiment === experiment);
  const digests = new Set(experiments.filter((known) => known.experiment === experiment).map(({ digest }) => digest));
  const links = new Set(runs.flatMap(({ instance }) => instance ?? []));
  const own = inventory.instances.filter(
    ({ instance, digest }) => links.has(instance) || (runs.length === 0 && digests.has(digest)),
  );
  if (runs.length === 0 && own.length === 0) {
    throw new CleanerError(
      "CLEANER_EXPERIMENT_NOT_FOUND",
      `Nothing of ${experiment} is left in ${inventory.jobDir} on ${inventory.host}`,
      { hint: "It was cleaned before, or belongs to another cluster" },
    );
  }
  const need = describeNeed(experiment, inventory, policy);
  if (need !== undefined) {
    throw new CleanerError("CLEANER_EXPERIMENT_NEEDED", `${experiment} cannot go: ${need}`, {
      hint: `Cancel it or wait for its end (slipway cancel ${experiment}), unpin it, and try again`,
    });
  }
  const others = new Set(inventory.runs.flatMap((run) => (run.experiment === experiment ? [] : (run.instance ?? []))));
  const code = planCode({
    inventory: { ...inventory, instances: own.filter(({ instance }) => !others.has(instance)) },
    policy: { ...policy, maxAgeSeconds: 0, keepLast: 0 },
    experiments: [],
  });
  const shared = own
    .filter(({ instance }) => others.has(instance))
    .map(({ directory }) => ({
      kind: "code" as const,
      path: directory.replace(/\/tree$/, ""),
      bytes: 0,
      inodes: 0,
      why: "other experiments have the same code",
    }));
  const removals = runs.map((run) => runRemoval(run, inventory.jobDir, `${experiment} is to go`));
  return { remove: [...code.remove, ...removals], keep: [...code.keep, ...shared], errors: [] };
}
