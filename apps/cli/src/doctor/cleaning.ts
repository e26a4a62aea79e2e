import { planCleaning, takeInventory } from "@slipway/cleaner";
import type { ClusterConfig } from "@slipway/config";
import { isSlipwayError } from "@slipway/core";
import type { Transport } from "@slipway/core";

import { knownExperiments, localPlace, placeOf } from "../cleaning/place.ts";
import { cleanSettings, resolvePolicy } from "../cleaning/policy.ts";
import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { formatBytes } from "../report/text.ts";
import type { Check } from "./checks.ts";

/** When the store was last cleaned, and what a cleaner would take now. */
export async function examineCleaning(
  config: ClusterConfig | undefined,
  transport: Transport,
  context: Context,
): Promise<Check> {
  const what = "cleaner";
  try {
    const place = config === undefined ? localPlace(context) : placeOf(config, context);
    const { jobDir, scheduler } = place;
    const settings = await cleanSettings(place, context);
    const inventory = await takeInventory({ transport, jobDir, scheduler, signal: context.signal });
    const policy = await resolvePolicy({}, settings);
    const experiments = knownExperiments(await readRecords(context), place);
    const { remove, errors } = planCleaning({ inventory, policy, experiments });
    const bytes = remove.reduce((sum, thing) => sum + thing.bytes, 0);
    const last = inventory.lastCleaned === undefined ? "never ran" : `last ran on ${inventory.lastCleaned}`;
    const would = remove.length === 0 ? "nothing to take" : `would take ${remove.length} things, ${formatBytes(bytes)}`;
    const off = settings.auto === false ? "; by itself: off" : "";
    const [error] = errors;
    if (error === undefined) return { what, result: "right", seen: `${last}; ${would}${off}` };
    const mend = "What jobs may need stays until it answers";
    return { what, result: "doubtful", seen: `${last}; cannot tell what jobs need: ${error}`, mend };
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    return { what, result: "doubtful", seen: error.message, ...(error.hint !== undefined && { mend: error.hint }) };
  }
}
