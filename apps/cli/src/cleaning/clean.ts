import { applyCleaning, planCleaning, planExperimentRemoval, takeInventory } from "@slipway/cleaner";
import type { CleaningPlan, CleaningResult, Inventory, Thing } from "@slipway/cleaner";

import { readRecords } from "../compose.ts";
import { Interrupted } from "../context.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { printJson } from "../json.ts";
import { renderCleaned, renderPlan } from "../report/cleaning.ts";
import { withProgress } from "../report/progress.ts";
import { cleanerName } from "./clean-name.ts";
import { knownExperiments, openPlace } from "./place.ts";
import type { OpenPlace } from "./place.ts";
import { resolvePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy.ts";

export interface CleanOptions extends PolicyOptions {
  readonly cluster?: string | undefined;
  readonly local?: true | undefined;
  readonly experiment?: string | undefined;
  readonly dryRun?: true | undefined;
  readonly explain?: true | undefined;
  readonly yes?: true | undefined;
  readonly json?: true | undefined;
}

interface Cleaning {
  readonly place: OpenPlace;
  readonly inventory: Inventory;
  readonly plan: CleaningPlan;
}

/** Looks, says what would go, asks, and removes; each cluster after the other. */
export async function clean(options: CleanOptions, context: Context): Promise<void> {
  const { json, dryRun, yes } = options;
  if (!dryRun && !yes && !context.stdin.isTTY) {
    throw new CliError("CLI_USAGE", "Nobody can be asked whether to remove what is found", {
      hint: "Say --yes to remove it, or --dry-run to see it",
    });
  }
  const wanted = await whatToClean(options, context);
  const documents: CleaningDocument[] = [];
  for (const cluster of wanted.clusters) {
    await using place = await openPlace(cluster, context);
    const cleaning = await plan(place, { ...options, experiment: wanted.experiment }, context);
    if (!json)
      context.stdout.write(renderPlan(cleaning, { explain: options.explain === true, dryRun: dryRun === true }));
    if (dryRun) documents.push(documentOf(cluster, cleaning.plan));
    else if (yes || cleaning.plan.remove.length === 0 || (await confirm(context))) {
      documents.push(documentOf(cluster, cleaning.plan, await apply(cleaning, options, context)));
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
  const { transport, jobDir, scheduler, settings } = place;
  const policy = await resolvePolicy(options, settings);
  const experiments = knownExperiments(await readRecords(context), place);
  const inventory = await withProgress(`looking at ${place.cluster}`, context, () =>
    takeInventory({ transport, jobDir, scheduler, signal: context.signal }),
  );
  const parts = { inventory, policy, experiments };
  const { experiment } = options;
  return {
    place,
    inventory,
    plan: experiment === undefined ? planCleaning(parts) : planExperimentRemoval(experiment, parts),
  };
}

async function apply(
  { place, inventory, plan: decided }: Cleaning,
  { json }: CleanOptions,
  context: Context,
): Promise<CleaningResult> {
  const { transport } = place;
  const by = cleanerName(context);
  const result = await withProgress(`cleaning ${place.cluster}`, context, () =>
    applyCleaning({ transport, inventory, plan: decided, by, signal: context.signal }),
  );
  if (!json) context.stdout.write(renderCleaned(result, place.cluster));
  return result;
}

async function confirm({ stderr, signal }: Context): Promise<boolean> {
  const prompts = await import("@clack/prompts");
  const answer = await prompts.confirm({ message: "Remove these?", initialValue: false, output: stderr, signal });
  signal.throwIfAborted();
  if (prompts.isCancel(answer)) throw new Interrupted("Interrupted");
  return answer;
}

interface CleaningDocument {
  readonly remove: readonly (Thing & { readonly cluster: string })[];
  readonly keep: readonly (Thing & { readonly cluster: string })[];
  readonly errors: readonly string[];
}

/** `clean --json`; its keys are API. After the work `remove` is what went. */
function documentOf(
  cluster: string,
  { remove, keep, errors }: CleaningPlan,
  result?: CleaningResult,
): CleaningDocument {
  const describe = ({ kind, path, bytes, inodes, why }: Thing) => ({ cluster, kind, path, bytes, inodes, why });
  return {
    remove: (result?.removed ?? remove).map(describe),
    keep: [...keep, ...(result?.kept ?? [])].map(describe),
    errors: errors.map((error) => `${cluster}: ${error}`),
  };
}

function joinDocuments(documents: readonly CleaningDocument[]): CleaningDocument {
  return {
    remove: documents.flatMap(({ remove }) => remove),
    keep: documents.flatMap(({ keep }) => keep),
    errors: documents.flatMap(({ errors }) => errors),
  };
}
