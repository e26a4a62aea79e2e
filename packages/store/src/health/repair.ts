import { parseLayout } from "../layout.ts";
import type { StepResult, StoreStep } from "../steps.ts";
import type { StoreHealth } from "./examine.ts";

/** Something that is wrong in a store, and what is done about it. */
export interface StoreFinding {
  /** A path below the store: `code/<instance>`, `layout.json`. Untrusted text where it is a stranger's. */
  readonly path: string;
  readonly problem: string;
  /** What a person can do, or need not do. */
  readonly advice: string;
  /** What a repair does: each safe from any view of the store. Empty where only a person may decide. */
  readonly steps: readonly StoreStep[];
}

export interface RepairedFinding extends StoreFinding {
  /** One for each step. */
  readonly results: readonly StepResult[];
}

/** Unfinished uploads and deletions may be under way for so long. */
const staleSeconds = 24 * 3600;

/** What is wrong, and the steps that mend it: pure. A damaged copy that nobody needs is closed and moved to the trash; all else is told. */
export function planRepair(
  health: StoreHealth,
  { clusterName }: { readonly clusterName: string },
): readonly StoreFinding[] {
  const layout = layoutFindings(health, clusterName);
  const findings = [
    ...layout,
    ...missingFindings(health),
    ...instanceFindings(health),
    ...leftoverFindings(health),
    ...strangerFindings(health),
  ];
  // In a store that may be another's nothing is changed.
  return layout.length === 0 ? findings : findings.map((finding) => ({ ...finding, steps: [] }));
}

function layoutFindings({ layout, directory, host }: StoreHealth, clusterName: string): readonly StoreFinding[] {
  const path = "layout.json";
  const steps: readonly StoreStep[] = [];
  if (layout === undefined) {
    const advice = `The next run writes it again, for the cluster it runs on. Is ${directory} on ${host} that cluster's?`;
    return [{ path, problem: "it is missing", advice, steps }];
  }
  const known = parseLayout(layout);
  if (known?.version !== 1) {
    const advice = "Use the slipway that made it; or, if it was damaged by hand, move the whole store away";
    return [{ path, problem: `it is not of version 1: ${layout.slice(0, 200)}`, advice, steps }];
  }
  if (known.clusterName === clusterName) return [];
  const advice = `Give ${clusterName} a job_dir of its own: whether a job can still start is known to its own cluster only`;
  return [{ path, problem: `the store is the cluster ${known.clusterName}'s, not ${clusterName}'s`, advice, steps }];
}

function missingFindings({ missing }: StoreHealth): readonly StoreFinding[] {
  return missing.map((path) => ({ path, problem: "it is missing", advice: "The next run makes it again", steps: [] }));
}

function instanceFindings({ instances }: StoreHealth): readonly StoreFinding[] {
  return instances.flatMap(({ instance, open, leases, problems }): readonly StoreFinding[] => {
    if (problems.length === 0) return [];
    const finding = { path: `code/${instance}`, problem: problems.join("; ") };
    const needed = `${leases === 1 ? "A job or a submit needs" : `${leases} jobs or submits need`} it: it stays until they have ended`;
    if (leases > 0) return [{ ...finding, advice: `${needed}. New jobs get another copy`, steps: [] }];
    const move: StoreStep = { step: "move", instance };
    const steps: readonly StoreStep[] = open ? [{ step: "close", instance }, move] : [move];
    return [
      {
        ...finding,
        advice: "Nobody needs it: slipway doctor --repair moves it to the trash, and the next run sends another copy",
        steps,
      },
    ];
  });
}

function leftoverFindings({ leftovers }: StoreHealth): readonly StoreFinding[] {
  return leftovers.flatMap(({ kind, name, ageSeconds }): readonly StoreFinding[] => {
    if (kind === "trashed" || ageSeconds < staleSeconds) return [];
    const hours = Math.floor(ageSeconds / 3600);
    const advice = "slipway clean takes it away";
    return kind === "unfinished"
      ? [{ path: `code/.in-${name}`, problem: `an upload that came to no end, ${hours} hours old`, advice, steps: [] }]
      : [{ path: `trash/${name}`, problem: `a deletion that came to no end, ${hours} hours old`, advice, steps: [] }];
  });
}

function strangerFindings({ strangers }: StoreHealth): readonly StoreFinding[] {
  const advice = "Move it out of the store; slipway leaves it alone";
  return strangers.map((path) => ({ path, problem: "slipway did not make it", advice, steps: [] }));
}
