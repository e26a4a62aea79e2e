import { isSlipwayError } from "@slipway/core";
import type { Transport } from "@slipway/core";
import type { StoreFinding, StoreHealth } from "@slipway/store";

import { count, formatBytes } from "../report/text.ts";
import type { Check } from "./checks.ts";

export interface CodeStorePlace {
  /** The job_dir, or the home. */
  readonly directory: string;
  /** As the scheduler says it; undefined where that is not known. */
  readonly clusterName: string | undefined;
  readonly deep: boolean | undefined;
  /** Takes away what is damaged and not needed, before it is judged. */
  readonly repair: boolean | undefined;
  readonly signal: AbortSignal;
}

/** One command to the host. No check where there is no store yet. */
export async function examineCodeStore(transport: Transport, place: CodeStorePlace): Promise<readonly Check[]> {
  const { createCodeStore, planRepair } = await import("@slipway/store");
  const { directory: root, deep, signal } = place;
  try {
    const store = createCodeStore({ transport, root, clusterName: place.clusterName || "unknown" });
    if (place.repair) await store.repair({ deep, signal });
    const health = await store.examine({ deep, signal });
    if (!health) return [];
    const clusterName = place.clusterName || clusterOf(health);
    return [judgeCodeStore(health, planRepair(health, { clusterName }))];
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    return [{ what, result: "wrong", seen: error.message, ...(error.hint !== undefined && { mend: error.hint }) }];
  }
}

const what = "code store";
const shownFindings = 3;

function judgeCodeStore({ instances, leftovers }: StoreHealth, findings: readonly StoreFinding[]): Check {
  const bytes = instances.reduce((sum, { contents }) => sum + (contents?.bytes ?? 0), 0);
  const damaged = instances.filter(({ problems }) => problems.length > 0).length;
  const sums = [
    `${count(instances.length, "bundle")} of ${formatBytes(bytes)}`,
    ...(damaged > 0 ? [`${damaged} damaged`] : []),
    count(leftovers.length, "leftover"),
  ].join(", ");
  const [first] = findings;
  if (!first) return { what, result: "right", seen: sums };
  const shown = findings.slice(0, shownFindings).map(({ path, problem }) => `${path}: ${problem}`);
  const rest = findings.length > shownFindings ? [`and ${findings.length - shownFindings} more`] : [];
  const seen = [sums, ...shown, ...rest].join("; ");
  return { what, result: first.path === "layout.json" ? "wrong" : "doubtful", seen, mend: first.advice };
}

/** What the store says of itself, where the scheduler says nothing. */
function clusterOf({ layout = "" }: StoreHealth): string {
  return /"clusterName":"([^"]*)"/.exec(layout)?.[1] ?? "unknown";
}
