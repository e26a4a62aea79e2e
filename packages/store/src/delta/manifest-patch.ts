import { renderManifest } from "@slipway/core";
import type { Manifest, ManifestEntry } from "@slipway/core";

import { latin1 } from "../paths.ts";

/**
 * A script for `sed` that makes the text of one canonical manifest of another's (POSIX, "sed": `c` and `a` take lines whose ends,
 * and whose backslashes, have a backslash before them). Lines without their ends; one character a byte.
 */
export function renderManifestPatch(from: Manifest, to: Manifest): readonly string[] {
  const wanted = linesOf(to);
  const script = ["1c\\", ...asText([wanted.header])];
  const old = linesOf(from);
  let oldIndex = 0;
  let newIndex = 0;
  let lastKeptLine = 1;
  while (oldIndex < old.entries.length || newIndex < wanted.entries.length) {
    const before = old.entries[oldIndex];
    const after = wanted.entries[newIndex];
    if (before && after && before.text === after.text) {
      lastKeptLine = before.line + before.lines.length - 1;
      oldIndex += 1;
      newIndex += 1;
      continue;
    }
    const hunk = readHunk({ old: old.entries, wanted: wanted.entries, oldIndex, newIndex });
    if (hunk.added.length > 0) {
      // What is appended to a line stands after what takes that line's place: the header's own text goes on.
      if (lastKeptLine === 1) script.splice(0, script.length, "1c\\", ...asText([wanted.header, ...hunk.added]));
      else script.push(`${lastKeptLine}a\\`, ...asText(hunk.added));
    }
    if (hunk.removed) script.push(`${hunk.removed.first},${hunk.removed.last}d`);
    ({ oldIndex, newIndex } = hunk);
  }
  return script;
}

interface EntryLines {
  readonly path: Uint8Array;
  /** In the manifest, from 1. */
  readonly line: number;
  readonly lines: readonly string[];
  readonly text: string;
}

interface Position {
  readonly old: readonly EntryLines[];
  readonly wanted: readonly EntryLines[];
  readonly oldIndex: number;
  readonly newIndex: number;
}

/** All up to the next entry that both have. */
function readHunk({ old, wanted, ...start }: Position) {
  let { oldIndex, newIndex } = start;
  const added: string[] = [];
  for (;;) {
    const before = old[oldIndex];
    const after = wanted[newIndex];
    if (!before && !after) break;
    if (before && after && before.text === after.text) break;
    const order = before && after ? Buffer.compare(before.path, after.path) : before ? -1 : 1;
    if (order <= 0) oldIndex += 1;
    if (order >= 0 && after) {
      added.push(...after.lines);
      newIndex += 1;
    }
  }
  const [first, last] = [old[start.oldIndex], old[oldIndex - 1]];
  const isRemoving = oldIndex > start.oldIndex && first && last;
  return {
    oldIndex,
    newIndex,
    added,
    removed: isRemoving ? { first: first.line, last: last.line + last.lines.length - 1 } : undefined,
  };
}

function linesOf(manifest: Manifest): { readonly header: string; readonly entries: readonly EntryLines[] } {
  const [header = "", ...lines] = latin1(renderManifest(manifest)).split("\n");
  let next = 0;
  const entries = manifest.entries.map((entry): EntryLines => {
    const own = lines.slice(next, next + linesOfEntry(entry));
    const line = next + 2;
    next += own.length;
    return { path: entry.path, line, lines: own, text: own.join("\n") };
  });
  return { header, entries };
}

function linesOfEntry({ kind }: ManifestEntry): number {
  return kind === "file" ? 1 : 2;
}

function asText(lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => line.replaceAll("\\", "\\\\") + (index < lines.length - 1 ? "\\" : ""));
}
