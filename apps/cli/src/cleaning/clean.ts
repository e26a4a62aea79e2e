import { applyCleaning, planCleaning, planExperimentRemoval, takeInventory } from "@slipway/cleaner";
import type { CleaningPlan, CleaningResult, Inventory, Thing } from "@slipway/cleaner";

import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { printJson } from "../json.ts";
import { renderCleaned, renderPlan } from "../report/cleaning.ts";
import { withProgress } from "../report/progress.ts";
import { cleanerName } from "./clean-name.ts";
import { confirmRemoval } from "./confirm.ts";
import { documentOf, joinDocuments } from "./document.ts";
import type { CleaningDocument } from "./document.ts";
import { findLocalLeftovers, removeLocalLeftovers } from "./local-leftovers.ts";
import { knownExperiments, openPlace } from "./place.ts";
import type { OpenPlace } from "./place.ts";
import { cleanSettings, resolvePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy.ts";
import { rememberRuns } from "./remember-runs.ts";

export interface CleanOptions extends PolicyOptions {
  readonly cluster?: string | undefined;
  readonly local?: true | undefined;
  readonly experiment?: string | undefined;
  readonly nemoRun?: string | undefined;
  readonly dryRun?: true | undefined;
  readonly explain?: true | undefined;
  readonly yes?: true | undefined;
  readonly json?: true | undefined;
}

interface Cleaning {
  readonly place: OpenPlace;
  readonly inventory: Inventory;
  readonly plan: CleaningPlan;
  /** What slipway left on this machine outside of the store. */
  readonly leftovers: readonly Thing[];
}

/** Looks, says what would go, asks, and removes; each cluster after the other. */
export async function clean(options: CleanOptions, context: Context): Promise<void> {
  const { json, dryRun, yes } = options;
  if (!dryRun && !yes && !context.stdin.isTTY) {
    throw new CliError("CLI_USAGE", "Nobody can be asked whether to remove what is found", {
      hint: "Say --yes to remove it, or --dry-run to see it",
    });
  }
  if (options.nemoRun !== undefined) {
    const { cleanNemo } = await import("./nemo.ts");
    const document = await cleanNemo(options.nemoRun, options, context);
    if (json) printJson(context.stdout, document);
    return;
  }
  const wanted = await whatToClean(options, context);
  const documents: CleaningDocument[] = [];
  for (const cluster of wanted.clusters) {
    await using place = await openPlace(cluster, context);
    const cleaning = await plan(place, { ...options, experiment: wanted.experiment }, context);
    const all = { ...cleaning.plan, remove: [...cleaning.plan.remove, ...cleaning.leftovers] };
    const shown = { explain: options.explain === true, dryRun: dryRun === true };
    if (!json) context.stdout.write(renderPlan({ inventory: cleaning.inventory, plan: all }, shown));
    if (dryRun) documents.push(documentOf(place.cluster, all));
    else if (yes || all.remove.length === 0 || (await confirmRemoval(context))) {
      documents.push(documentOf(place.cluster, all, await apply(cleaning, options, context)));
    }
  }
  if (json) printJson(context.stdout, joinDocuments(documents));
}

/** An experiment is cleaned where it ran. */
async function whatToClean({ cluster, local, experiment }: CleanOptions, context: Context) {
  if (experiment === undefined) {
    const clusters = [
      ...(local || cluster === undefined ? ["local"] : []),
      ...(cluster === undefined ? [] : [cluster]),
    ];
    return { clusters: [...new Set(clusters)], experiment };
  }
  const { findExperiment } = await import("@slipway/experiment");
  const { record } = findExperiment(experiment, await readRecords(context));
  return { clusters: [record.clusterFile ?? record.cluster], experiment: record.id };
}

async function plan(place: OpenPlace, options: CleanOptions, context: Context): Promise<Cleaning> {
  const { transport, jobDir, scheduler } = place;
  const policy = await resolvePolicy(options, await cleanSettings(place, context));
  const experiments = knownExperiments(await readRecords(context), place);
  const inventory = await withProgress(`looking at ${place.cluster}`, context, () =>
    takeInventory({ transport, jobDir, scheduler, signal: context.signal }),
  );
  const parts = { inventory, policy, experiments };
  const { experiment } = options;
  if (experiment !== undefined) {
    return { place, inventory, plan: planExperimentRemoval(experiment, parts), leftovers: [] };
  }
  const leftovers = scheduler === "local" ? await findLocalLeftovers(context) : [];
  return { place, inventory, plan: planCleaning(parts), leftovers };
}

async function apply(
  { place, inventory, plan: decided, leftovers }: Cleaning,
  { json }: CleanOptions,
  context: Context,
): Promise<CleaningResult> {
  const { transport } = place;
  await rememberRuns(decided, context);
  const by = cleanerName(context);
  const { removed, kept } = await withProgress(`cleaning ${place.cluster}`, context, () =>
    applyCleaning({ transport, inventory, plan: decided, by, signal: context.signal }),
  );
  await removeLocalLeftovers(leftovers);
  const result = { removed: [...removed, ...leftovers], kept };
  if (!json) context.stdout.write(renderCleaned(result, place.cluster));
  return result;
}
