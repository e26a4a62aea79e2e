import type { StoreStep } from "@slipway/store";

import type { LeftoverSeen } from "./inventory.ts";
import type { CleaningPlan, PlanContext, Removal, Thing, ThingKind } from "./plan.ts";
import { exceededByAll, sizeOf } from "./size.ts";
import { describeAge } from "./words.ts";

/** The trash, unfinished uploads and what was not deleted to the end: each goes after its grace. */
export function planLeftovers({ inventory, policy }: PlanContext): Pick<CleaningPlan, "remove" | "keep"> {
  const remove: Removal[] = [];
  const keep: Thing[] = [];
  const isFull = exceededByAll(inventory, policy) !== undefined;
  const graces: Readonly<Record<LeftoverSeen["kind"], number>> = {
    trashed: isFull ? 0 : policy.trashSeconds,
    unfinished: policy.uploadSeconds,
    deleting: policy.deletingSeconds,
  };
  for (const leftover of inventory.leftovers) {
    const { kind, ageSeconds } = leftover;
    const { folder, says, kind: thingKind } = wording[kind];
    const path = `${inventory.jobDir}/store/${folder}${leftover.name}`;
    const { bytes, inodes } = sizeOf(leftover);
    const thing = { kind: thingKind, path, bytes, inodes, why: `${says} ${describeAge(ageSeconds)} ago` };
    if (ageSeconds < graces[kind]) keep.push(thing);
    else remove.push({ ...thing, steps: [stepOf(leftover)] });
  }
  return { remove, keep };
}

interface Wording {
  readonly kind: ThingKind;
  readonly folder: string;
  readonly says: string;
}

const wording: Readonly<Record<LeftoverSeen["kind"], Wording>> = {
  trashed: { kind: "trash", folder: "trash/", says: "it was put into the trash" },
  unfinished: { kind: "upload", folder: "code/.in-", says: "its upload last wrote" },
  deleting: { kind: "remnant", folder: "trash/", says: "somebody began to delete it" },
};

function stepOf({ kind, name }: LeftoverSeen): StoreStep {
  switch (kind) {
    case "trashed":
      return { step: "purge", instance: name };
    case "unfinished":
      return { step: "reclaim", instance: name };
    case "deleting":
      return { step: "sweep", name };
  }
}
