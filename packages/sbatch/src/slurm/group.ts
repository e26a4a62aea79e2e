import type { GroupMember, Job, Resources } from "@slipway/core";

import { SbatchError } from "../error.ts";
import { assertName } from "../script.ts";

/** Where a group's members run: members of the same size share an allocation, and each size is a component of the job. */
export interface GroupLayout {
  /** What each component asks for; one, unless sizes differ. */
  readonly components: readonly Resources[];
  readonly members: readonly PlacedMember[];
}

export interface PlacedMember {
  readonly member: GroupMember;
  /** The job's with what differs for the member. */
  readonly resources: Resources;
  /** Index in `components`. */
  readonly component: number;
}

/** Undefined for a job that is no group. Throws SBATCH_INVALID_VALUE. */
export function layOutGroup({ name, group, resources: common, array }: Job): GroupLayout | undefined {
  if (!group) return undefined;
  if (array) throw invalid(`Job ${name} is a group and an array`, "Make it one of both");
  if (group.length < 2) throw invalid(`The group ${name} has ${group.length} members`, "Give at least two, or a job");
  const names = new Set(group.map((member) => member.name));
  if (names.size < group.length) throw invalid(`The group ${name} has two members of one name`, "Rename one");
  const components: Resources[] = [];
  const members = group.map((member): PlacedMember => {
    assertName(member.name);
    const resources = { ...common, ...member.resources };
    const found = components.findIndex((component) => sizeOf(component) === sizeOf(resources));
    if (found < 0) components.push(resources);
    return { member, resources, component: found < 0 ? components.length - 1 : found };
  });
  return { components, members };
}

function sizeOf({ nodes = 1, tasksPerNode = 1, gpusPerNode = 0, cpusPerTask, memoryMiB, ...rest }: Resources): string {
  const { partition, account, qos } = rest;
  return JSON.stringify([nodes, tasksPerNode, gpusPerNode, cpusPerTask, memoryMiB, partition, account, qos]);
}

function invalid(message: string, hint: string): SbatchError {
  return new SbatchError("SBATCH_INVALID_VALUE", message, { hint });
}
