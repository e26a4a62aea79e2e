import type { Inventory, LeftoverSeen } from "./inventory.ts";
import type { RetentionPolicy } from "./policy.ts";

export interface Size {
  readonly bytes: number;
  readonly inodes: number;
}

/** The folder itself, its leases, the manifest and the tree come to those of the code. */
const ownInodes = 4;

/** As its manifest tells it; nobody walks a tree to know. */
export function sizeOf({ contents }: { readonly contents?: LeftoverSeen["contents"] }): Size {
  if (!contents) return { bytes: 0, inodes: 0 };
  const { bytes, files, symlinks, directories } = contents;
  return { bytes, inodes: files + symlinks + directories + ownInodes };
}

export function sumOf(sizes: Iterable<Size>): Size {
  let bytes = 0;
  let inodes = 0;
  for (const size of sizes) {
    bytes += size.bytes;
    inodes += size.inodes;
  }
  return { bytes, inodes };
}

export function subtract(from: Size, { bytes, inodes }: Size): Size {
  return { bytes: from.bytes - bytes, inodes: from.inodes - inodes };
}

/** All code, the trash included. */
export function totalSize({ instances, leftovers }: Pick<Inventory, "instances" | "leftovers">): Size {
  return sumOf([...instances, ...leftovers].map(sizeOf));
}

/** Which limit of the policy all code is above, in words. Nothing is added up where there are no limits. */
export function exceededByAll(
  inventory: Pick<Inventory, "instances" | "leftovers">,
  policy: Pick<RetentionPolicy, "maxBytes" | "maxInodes">,
): string | undefined {
  if (policy.maxBytes === undefined && policy.maxInodes === undefined) return undefined;
  return exceededLimit(totalSize(inventory), policy);
}

/** Which limit of the policy a size is above, in words; undefined below both. */
export function exceededLimit(
  { bytes, inodes }: Size,
  { maxBytes = Infinity, maxInodes = Infinity }: Pick<RetentionPolicy, "maxBytes" | "maxInodes">,
): string | undefined {
  if (bytes > maxBytes) return `all code is ${bytes} bytes, more than ${maxBytes}`;
  return inodes > maxInodes ? `all code has ${inodes} inodes, more than ${maxInodes}` : undefined;
}
