import type { CleaningPlan, PlanContext, Removal, Thing } from "./plan.ts";
import { describeAge } from "./words.ts";

/** Half-made run directories go after their grace. Whole ones, with logs and outputs, are `planExperimentRemoval`'s alone. */
export function planRuns({ inventory, policy }: PlanContext): Pick<CleaningPlan, "remove" | "keep"> {
  const remove: Removal[] = [];
  const keep: Thing[] = [];
  for (const { path, ageSeconds } of inventory.unfinishedRuns) {
    const thing = {
      kind: "unfinished-run",
      path: `${inventory.jobDir}/${path}`,
      bytes: 0,
      inodes: 0,
      why: `its submission last wrote ${describeAge(ageSeconds)} ago`,
    } as const;
    if (ageSeconds < policy.uploadSeconds) keep.push(thing);
    else remove.push({ ...thing, steps: [{ step: "remove-run", run: path.slice("runs/".length) }] });
  }
  return { remove, keep };
}
