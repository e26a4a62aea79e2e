import { measureUsage, takeInventory } from "@slipway/cleaner";
import type { Usage } from "@slipway/cleaner";

import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { knownExperiments, openPlace } from "./place.ts";
import type { Place } from "./place.ts";

export interface MeasuredPlace {
  readonly place: Place;
  readonly usage: Usage;
}

export async function measurePlace(cluster: string, context: Context): Promise<MeasuredPlace> {
  await using place = await openPlace(cluster, context);
  const { transport, jobDir, scheduler } = place;
  const inventory = await takeInventory({ transport, jobDir, scheduler, signal: context.signal });
  return { place, usage: measureUsage(inventory, knownExperiments(await readRecords(context), place)) };
}
