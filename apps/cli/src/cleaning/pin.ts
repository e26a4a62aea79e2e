import { readJournal, takeInventory } from "@slipway/cleaner";
import type { Inventory } from "@slipway/cleaner";
import { createCodeStore } from "@slipway/store";

import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { openPlace } from "./place.ts";
import type { OpenPlace } from "./place.ts";

/** Pins the copies that an experiment's jobs have, or lets go of them; gives its id. */
export async function pinExperiment(words: string, step: "pin" | "unpin", context: Context): Promise<string> {
  const { findExperiment } = await import("@slipway/experiment");
  const { record } = findExperiment(words, await readRecords(context));
  await using place = await openPlace(record.clusterFile ?? record.cluster, context);
  const { transport, jobDir, scheduler } = place;
  const inventory = await takeInventory({ transport, jobDir, scheduler, signal: context.signal });
  const { id, code } = record;
  const instances = step === "pin" ? copiesOf(id, code.digest, inventory) : pinnedCopies(id, inventory);
  if (inventory.clusterName === undefined || (step === "pin" && instances.length === 0)) {
    throw await gone(id, code.digest, place, context);
  }
  const store = createCodeStore({ transport, root: jobDir, clusterName: inventory.clusterName });
  const steps = instances.map((instance) => ({ step, instance, experiment: id }));
  const results = await store.apply(steps, { signal: context.signal });
  if (step === "pin" && !results.some(({ outcome }) => outcome === "done")) {
    throw await gone(id, code.digest, place, context);
  }
  return id;
}

/** Those that its run directories lead to, or else all of the same code. */
function copiesOf(id: string, digest: string, { instances, runs }: Inventory): readonly string[] {
  const linked = new Set(runs.flatMap(({ experiment, instance }) => (experiment === id ? (instance ?? []) : [])));
  const open = instances.filter((instance) => instance.open);
  const own = open.filter(({ instance }) => linked.has(instance));
  return (own.length > 0 ? own : open.filter((instance) => instance.digest === digest)).map(({ instance }) => instance);
}

function pinnedCopies(id: string, { instances }: Inventory): readonly string[] {
  return instances
    .filter(({ leases }) => leases.some(({ holder }) => holder.kind === "pin" && holder.experiment === id))
    .map(({ instance }) => instance);
}

async function gone(id: string, digest: string, { transport, jobDir, cluster }: OpenPlace, { signal }: Context) {
  const [entry] = (await readJournal({ transport, jobDir, about: digest, signal })).slice(-1);
  const when = entry === undefined ? "" : `: ${entry.by} cleaned it on ${entry.at} (${entry.why})`;
  return new CliError("CLI_NOT_THERE", `The code of ${id} is not on ${cluster} any more${when}`, {
    hint: `The same files, run again, bring it back: slipway show ${id}`,
  });
}
