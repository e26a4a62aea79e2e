import path from "node:path";

import { applyNemoCleaning, planNemoCleaning, takeNemoInventory } from "@slipway/cleaner";
import type { NemoPlan } from "@slipway/cleaner";

import type { Context } from "../context.ts";
import { renderCleaned, renderPlan } from "../report/cleaning.ts";
import { withProgress } from "../report/progress.ts";
import { cleanerName } from "./clean-name.ts";
import type { CleanOptions } from "./clean.ts";
import { confirmRemoval } from "./confirm.ts";
import { documentOf } from "./document.ts";
import type { CleaningDocument } from "./document.ts";
import { openPlace } from "./place.ts";
import { cleanSettings, resolvePolicy } from "./policy.ts";

/** A folder of NeMo-Run on this machine, or on a cluster. */
export async function cleanNemo(folder: string, options: CleanOptions, context: Context): Promise<CleaningDocument> {
  const { cluster = "local", dryRun, json, yes, explain } = options;
  await using place = await openPlace(cluster, context);
  const { transport } = place;
  const directory = cluster === "local" ? path.resolve(context.cwd, folder) : folder;
  const inventory = await withProgress(`looking at ${directory}`, context, () =>
    takeNemoInventory({ transport, directory, signal: context.signal }),
  );
  const plan: NemoPlan = planNemoCleaning(inventory, await resolvePolicy(options, await cleanSettings(place, context)));
  const where = { jobDir: directory, host: inventory.host };
  if (!json) {
    const shown = { explain: explain === true, dryRun: dryRun === true };
    context.stdout.write(renderPlan({ inventory: where, plan }, shown));
  }
  if (dryRun) return documentOf(place.cluster, plan);
  if (!yes && plan.remove.length > 0 && !(await confirmRemoval(context))) {
    return documentOf(place.cluster, { ...plan, remove: [] });
  }
  const result = await withProgress(`cleaning ${directory}`, context, () =>
    applyNemoCleaning(plan, { transport, directory, by: cleanerName(context), signal: context.signal }),
  );
  if (!json) context.stdout.write(renderCleaned(result, place.cluster));
  return documentOf(place.cluster, plan, result);
}
