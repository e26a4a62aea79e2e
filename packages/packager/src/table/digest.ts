import { createHash } from "node:crypto";

import { createManifest, renderManifest } from "@slipway/core";
import type { Manifest, ManifestEntry } from "@slipway/core";

import type { CachedManifest } from "../cache-file.ts";
import { latin1, parentPath } from "../paths.ts";
import { describeTable, entryOf } from "./list.ts";
import type { FilledTable } from "./list.ts";
import { digestBytes, rowKinds, stampNumbers } from "./table.ts";

/** What core's `createManifest` and `manifestDigest` say of these files, without an object for each. */
export function digestTable(table: FilledTable): CachedManifest {
  const { count, stamps, digests, kinds, starts, targets } = table;
  const names = table.names.toString("latin1");
  const hex = digests.toString("hex");
  const directories = countDirectories(table, names);
  const hash = createHash("sha256").update(renderHead(describeTable(table, { directories })));
  let text = "";
  for (let row = 0; row < count; row++) {
    const name = names.slice(starts[row], (starts[row + 1] ?? 0) - 1);
    if (targets.has(row) || !isPlain.test(name)) {
      text += renderBySelf(entryOf(table, row));
    } else {
      const sha256 = hex.slice(row * 2 * digestBytes, (row + 1) * 2 * digestBytes);
      const mode = kinds[row] === rowKinds.executable ? "755" : "644";
      text += `file ${mode} ${stamps[row * stampNumbers] ?? 0} ${sha256} ${name}\n`;
    }
    if (text.length < textCharacters) continue;
    hash.update(text, "latin1");
    text = "";
  }
  return { digest: hash.update(text, "latin1").digest("hex"), directories };
}

const textCharacters = 1 << 16;
/** Stands in a manifest as it is. */
const isPlain = /^[ -[\]-~]*$/;

function countDirectories({ count, starts }: FilledTable, names: string): number {
  const directories = new Set<string>();
  let lastParent = "";
  for (let row = 0; row < count; row++) {
    const parent = parentPath(names.slice(starts[row], (starts[row + 1] ?? 0) - 1));
    for (
      let above = parent;
      above !== "" && above !== lastParent && !directories.has(above);
      above = parentPath(above)
    ) {
      directories.add(above);
    }
    lastParent = parent;
  }
  return directories.size;
}

/** The manifest's first line. */
function renderHead({ files, symlinks, directories, bytes }: Manifest): Uint8Array {
  return renderManifest({ entries: [], files, symlinks, directories, bytes });
}

/** The lines of one entry, as core writes them below a first line. */
function renderBySelf(entry: ManifestEntry): string {
  const text = latin1(renderManifest(createManifest([entry])));
  return text.slice(text.indexOf("\n") + 1);
}
