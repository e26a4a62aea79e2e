import type { Answer } from "./answer.ts";
import type { StoredInstance } from "./code-store.ts";
import { contentsOf, parseInstances } from "./instances.ts";
import { parseLeases, parseLeftovers } from "./leases.ts";
import type { Leftover, StoredLease } from "./leases.ts";

/** All that lies in a store at one moment. */
export interface StoreContents {
  readonly instances: readonly LeasedInstance[];
  readonly leftovers: readonly SizedLeftover[];
}

export interface LeasedInstance extends StoredInstance {
  readonly leases: readonly StoredLease[];
  /** Since a lease of it last came or went. Absent when closed. */
  readonly idleSeconds?: number;
}

export interface SizedLeftover extends Leftover {
  /** Of what is in the trash, from its manifest; absent when that cannot be read. */
  readonly contents?: StoredInstance["contents"];
}

/** The answer of a `contents` snippet. */
export function parseContents(answer: Answer, root: string): StoreContents {
  const leases = groupByInstance(parseLeases(answer));
  const idle = wordsByName(answer, "IDLE");
  const headers = wordsByName(answer, "HEADER");
  return {
    instances: parseInstances(answer, root).map((instance) => {
      const seconds = idle.get(instance.instance);
      const own = leases.get(instance.instance) ?? [];
      return {
        ...instance,
        leases: own,
        ...(seconds !== undefined && { idleSeconds: Math.max(0, Number(seconds)) }),
      };
    }),
    leftovers: parseLeftovers(answer).map((leftover) => {
      const contents = contentsOf(headers.get(leftover.name) ?? "");
      return { ...leftover, ...(contents && { contents }) };
    }),
  };
}

/** What lines `<word> <name> <rest>` say of each name. */
function wordsByName({ lines }: Answer, wanted: string): ReadonlyMap<string, string> {
  return new Map(
    lines.flatMap(({ word, rest }): readonly (readonly [string, string])[] => {
      const [name = ""] = rest.split(" ", 1);
      return word === wanted ? [[name, rest.slice(name.length + 1)]] : [];
    }),
  );
}

function groupByInstance(leases: readonly StoredLease[]): ReadonlyMap<string, readonly StoredLease[]> {
  const groups = new Map<string, StoredLease[]>();
  for (const lease of leases) {
    const group = groups.get(lease.instance);
    if (group) group.push(lease);
    else groups.set(lease.instance, [lease]);
  }
  return groups;
}
