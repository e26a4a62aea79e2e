import type { Manifest } from "@slipway/core";

import { StoreError } from "./error.ts";

const slash = 0x2f;

/** Bytes as a string with one character for each. */
export function latin1(bytes: Uint8Array): string {
  if (Buffer.isBuffer(bytes)) return bytes.toString("latin1");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** How many names lie at the top of the tree. Entries are sorted, so those of one directory follow each other. */
export function countTopNames({ entries }: Manifest): number {
  let count = 0;
  let last: Uint8Array = new Uint8Array();
  for (const { path } of entries) {
    const end = path.indexOf(slash);
    const top = end === -1 ? path : path.subarray(0, end);
    if (Buffer.compare(top, last) !== 0) count += 1;
    last = top;
  }
  return count;
}

/** Refuses paths that a tar could put outside its folder or over each other: `..`, an absolute one, one below a file or a link. */
export function checkPaths({ entries }: Manifest): void {
  const taken = new Set<string>();
  for (const entry of entries) {
    const path = latin1(entry.path);
    const components = path.split("/");
    const isUnsafe = components.some((name) => name === "" || name === "." || name === "..") || path.includes("\0");
    if (isUnsafe) throw unsafe(entry.path, "is not a plain relative path");
    if (taken.has(path)) throw unsafe(entry.path, "is there twice");
    taken.add(path);
  }
  for (const entry of entries) {
    const path = latin1(entry.path);
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      if (taken.has(path.slice(0, end))) throw unsafe(entry.path, "lies below a file or a link");
    }
  }
}

function unsafe(path: Uint8Array, why: string): StoreError {
  const name = JSON.stringify(Buffer.from(path).toString("utf8"));
  return new StoreError("STORE_UNSAFE_PATH", `The bundle's path ${name} ${why}`, {
    hint: "The bundle was not made by @slipway/packager; its manifest is wrong.",
  });
}
