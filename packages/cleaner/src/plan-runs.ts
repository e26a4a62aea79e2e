import { describeNeed } from "./experiment-need.ts";
import type { RunSeen } from "./inventory.ts";
import type { CleaningPlan, PlanContext, Removal, Thing } from "./plan.ts";
import { describeAge } from "./words.ts";

/** Half-made run directories go after their grace; whole ones, with logs and outputs, only where the policy gives them an end. */
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
  const { runsMaxAgeSeconds } = policy;
  if (runsMaxAgeSeconds === undefined) return { remove, keep };
  const needs = new Map<string, string | undefined>();
  for (const run of inventory.runs) {
    const { experiment, ageSeconds } = run;
    if (!needs.has(experiment)) needs.set(experiment, describeNeed(experiment, inventory, policy));
    const need = needs.get(experiment);
    const why = `it was made ${describeAge(ageSeconds)} ago`;
    if (need !== undefined || ageSeconds < runsMaxAgeSeconds)
      keep.push({ ...runThing(run, inventory.jobDir), why: need ?? why });
    else remove.push(runRemoval(run, inventory.jobDir, why));
  }
  return { remove, keep };
}

/** A run directory whole, with its logs and outputs. Nobody has recorded its size. */
export function runRemoval(run: RunSeen, jobDir: string, why: string): Removal {
  const steps = [{ step: "remove-run", run: `${run.experiment}/${run.job}` }] as const;
  return { ...runThing(run, jobDir), why, steps };
}

function runThing({ experiment, job }: RunSeen, jobDir: string): Omit<Thing, "why"> {
  return { kind: "run", path: `${jobDir}/runs/${experiment}/${job}`, bytes: 0, inodes: 0 };
}
