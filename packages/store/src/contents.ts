import { stripControlCharacters } from "@slipway/core";

import type { StoredInstance } from "./code-store.ts";
import { contentsOf, headerSource, instanceDirectory } from "./instances.ts";
import { atLeast0, leaseOf, parseLeftover } from "./leases.ts";
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

/**
 * The lines below CONTENTS that `contentsListing` tells. Untrusted text of the other host: other lines are nobody's business. There are
 * many: an expression for each kind of line, and no look-up by name where a line is about what the one before is about.
 */
export function parseContents(lines: readonly string[], root: string): StoreContents {
  const instances: Draft<LeasedInstance>[] = [];
  const leftovers: Draft<SizedLeftover>[] = [];
  const findInstance = finder(instances, ({ instance }) => instance);
  const findTrashed = finder(leftovers, ({ kind, name }) => (kind === "trashed" ? name : undefined));
  for (const line of lines) {
    const instance = parseLine(line, root);
    if (instance) {
      instances.push(instance);
      continue;
    }
    const [, word, name = "", detail = ""] = detailPattern.exec(stripControlCharacters(line)) ?? [];
    if (word === "LEASE") {
      const leased = findInstance(name);
      leased?.leases.push(leaseOf(leased.instance, detail.split(" ")));
    } else if (word === "IDLE") {
      const idle = findInstance(name);
      if (idle) idle.idleSeconds = atLeast0(detail);
    } else if (word === "LEFT") {
      const leftover = parseLeftover(`${name} ${detail}`);
      if (leftover) leftovers.push(leftover);
    } else if (word === "HEADER") {
      const trashed = findTrashed(name);
      const contents = contentsOf(detail);
      if (trashed && contents) trashed.contents = contents;
    }
  }
  return { instances, leftovers };
}

/** What later lines add to. */
type Draft<T> = { -readonly [key in keyof T]: T[key] extends readonly (infer Item)[] ? Item[] : T[key] };

const instancePattern = new RegExp(
  `^INSTANCE (([0-9a-f]{64})\\.[A-Za-z0-9]{1,64}) (closed|open|-?\\d+) (?:${headerSource})?`,
);
const detailPattern = /^(IDLE|LEASE|LEFT|HEADER) (\S+) (.+)$/;

function parseLine(line: string, root: string): Draft<LeasedInstance> | undefined {
  const found = instancePattern.exec(line);
  if (!found) return undefined;
  const [, instance = "", digest = "", state = "", files, symlinks, directories, bytes] = found;
  const directory = instanceDirectory(root, instance);
  const told: Draft<LeasedInstance> = { instance, digest, directory, open: state !== "closed", leases: [] };
  if (files !== undefined) {
    told.contents = {
      files: Number(files),
      symlinks: Number(symlinks),
      directories: Number(directories),
      bytes: Number(bytes),
    };
  }
  if (state !== "closed" && state !== "open") told.idleSeconds = atLeast0(state);
  return told;
}

/** `.` is the last of the list; names are asked for only when the list is whole. */
function finder<T>(list: readonly T[], nameOf: (each: T) => string | undefined): (name: string) => T | undefined {
  let byName: ReadonlyMap<string | undefined, T> | undefined;
  return (name) => {
    if (name === ".") return list.at(-1);
    byName ??= new Map(list.map((each) => [nameOf(each), each]));
    return byName.get(name);
  };
}
