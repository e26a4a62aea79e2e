import { applyCleaning } from "./apply.ts";
import type { ApplyOptions, CleaningResult } from "./apply.ts";
import { askHost, sectionOf } from "./host.ts";
import type { KnownExperiment, Space } from "./inventory.ts";
import { planCleaning } from "./plan.ts";
import type { RetentionPolicy } from "./policy.ts";
import { enter } from "./scripts.ts";
import { exceededByAll } from "./size.ts";
import { lookAround, takeInventory } from "./take-inventory.ts";
import type { InventoryOptions } from "./take-inventory.ts";

export interface DueOptions extends InventoryOptions, Pick<ApplyOptions, "by" | "onEvent"> {
  readonly policy: RetentionPolicy;
  readonly experiments: readonly KnownExperiment[];
}

/** `idle`: nothing is due, or somebody else is at it. */
export type DueOutcome =
  | { readonly kind: "idle" }
  | { readonly kind: "cleaned"; readonly because: "daily" | "full"; readonly result: CleaningResult };

/**
 * Cleans when nobody has on that store today, and, at most once an hour, when its file system or the policy's limits are nearly full:
 * then without keeping anything in the trash. Two clients at once do not both. Bounded by its signal: it may be cut off at any moment.
 */
export async function cleanIfDue(options: DueOptions): Promise<DueOutcome> {
  const { transport, jobDir, signal, experiments, policy } = options;
  const { clusterName, space } = await lookAround({ transport, jobDir, signal });
  if (clusterName === undefined) return { kind: "idle" };
  const hasLimits = policy.maxBytes !== undefined || policy.maxInodes !== undefined;
  const claimed = await claim(options, { alsoByHour: isNearlyFull(space) || hasLimits });
  if (claimed === "nothing") return { kind: "idle" };
  const inventory = await takeInventory(options);
  const isFull = isNearlyFull(space) || exceededByAll(inventory, withMargin(policy)) !== undefined;
  if (claimed === "hour" && !isFull) return { kind: "idle" };
  const plan = planCleaning({ inventory, experiments, policy: isFull ? { ...policy, trashSeconds: 0 } : policy });
  const result = await applyCleaning({ ...options, inventory, plan });
  return { kind: "cleaned", because: isFull ? "full" : "daily", result };
}

const nearly = 0.05;

/** Less than a twentieth of the bytes or inodes is free. */
export function isNearlyFull({ freeBytes, totalBytes, freeInodes, totalInodes }: Space): boolean {
  const bytes = freeBytes !== undefined && totalBytes !== undefined && freeBytes < nearly * totalBytes;
  return bytes || (freeInodes !== undefined && totalInodes !== undefined && freeInodes < nearly * totalInodes);
}

function withMargin({ maxBytes, maxInodes }: RetentionPolicy): Pick<RetentionPolicy, "maxBytes" | "maxInodes"> {
  return {
    ...(maxBytes !== undefined && { maxBytes: maxBytes * (1 - nearly) }),
    ...(maxInodes !== undefined && { maxInodes: maxInodes * (1 - nearly) }),
  };
}

/**
 * 2 yes when the hour counts too. Whoever creates the day's journal cleans: O_EXCL. What earlier days and hours have left empty goes.
 * Answers CLAIMED day, hour or nothing.
 */
const script = `${enter}
umask 022
mkdir -p store/cleaned || fail journal
day=$(date -u +%Y-%m-%d) hour=$(date -u +%Y-%m-%dT%H)
create() { (set -C; : >"$1") 2>/dev/null; }
claimed=nothing
if create "store/cleaned/$day.jsonl"; then claimed=day
elif [ "$2" = yes ] && create "store/cleaned/$hour.full"; then claimed=hour
fi
if [ "$claimed" = day ]; then
  for old in store/cleaned/*; do
    case $old in "store/cleaned/$day"*) continue ;; store/cleaned/[0-9]*.jsonl | store/cleaned/[0-9]*.full) ;; *) continue ;; esac
    [ -s "$old" ] || [ -L "$old" ] || rm -f "$old"
  done
fi
say CLAIMED "$claimed"
`;

async function claim(
  { transport, jobDir, signal }: InventoryOptions,
  { alsoByHour }: { readonly alsoByHour: boolean },
): Promise<"day" | "hour" | "nothing"> {
  const sections = await askHost(transport, script, [jobDir, alsoByHour ? "yes" : "no"], { signal });
  const said = sectionOf(sections, "CLAIMED")?.rest;
  return said === "day" || said === "hour" ? said : "nothing";
}
