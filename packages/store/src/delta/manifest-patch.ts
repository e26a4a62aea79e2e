import type { Manifest, ManifestEntry } from "@slipway/core";

import { manifestText } from "../manifest-text.ts";
import { latin1 } from "../paths.ts";

/**
 * A script for `sed` that makes the text of one canonical manifest of another's (POSIX, "sed": `c` and `a` take lines whose ends,
 * and whose backslashes, have a backslash before them). Lines without their ends; one character a byte.
 */
export function renderManifestPatch(from: Manifest, to: Manifest): readonly string[] {
  const [oldLines, newLines] = [linesOf(from), linesOf(to)];
  const same = findSame(oldLines, newLines);
  const old = entriesBetween(from, oldLines, same);
  const wanted = entriesBetween(to, newLines, same);
  const header = newLines[0] ?? "";
  const script = ["1c\\", ...asText([header])];
  let oldIndex = 0;
  let newIndex = 0;
  let lastKeptLine = same.first;
  while (oldIndex < old.length || newIndex < wanted.length) {
    const before = old[oldIndex];
    const after = wanted[newIndex];
    if (before && after && before.text === after.text) {
      lastKeptLine = before.line + before.lines.length - 1;
      oldIndex += 1;
      newIndex += 1;
      continue;
    }
    const hunk = readHunk({ old, wanted, oldIndex, newIndex });
    if (hunk.added.length > 0) {
      // What is appended to a line stands after what takes that line's place: the header's own text goes on.
      if (lastKeptLine === 1) script.splice(0, script.length, "1c\\", ...asText([header, ...hunk.added]));
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

function linesOf(manifest: Manifest): readonly string[] {
  return latin1(manifestText(manifest)).split("\n").slice(0, -1);
}

/** How many lines two manifests have in common: at the beginning, the header among them whatever it says, and at the end. */
interface Same {
  readonly first: number;
  readonly last: number;
}

/** Most entries are the same: they are not looked at one by one. */
function findSame(old: readonly string[], wanted: readonly string[]): Same {
  const length = Math.min(old.length, wanted.length);
  let first = 1;
  while (first < length && old[first] === wanted[first]) first += 1;
  while (isTarget(old[first]) || isTarget(wanted[first])) first -= 1;
  let last = 0;
  while (last < length - first && old[old.length - 1 - last] === wanted[wanted.length - 1 - last]) last += 1;
  while (last > 0 && isTarget(old[old.length - last])) last -= 1;
  return { first, last };
}

/** The second line of a symbolic link's. */
function isTarget(line: string | undefined): boolean {
  return line?.startsWith("target ") === true;
}

function entriesBetween(manifest: Manifest, lines: readonly string[], { first, last }: Same): readonly EntryLines[] {
  const end = lines.length - last;
  const before = lines.slice(1, first).filter((line) => !isTarget(line)).length;
  const entries: EntryLines[] = [];
  for (let next = first, index = before; next < end; index += 1) {
    const entry = manifest.entries[index];
    if (!entry) throw new Error("A manifest has more lines than entries");
    const own = lines.slice(next, next + linesOfEntry(entry));
    entries.push({ path: entry.path, line: next + 1, lines: own, text: own.join("\n") });
    next += own.length;
  }
  return entries;
}

function linesOfEntry({ kind }: ManifestEntry): number {
  return kind === "file" ? 1 : 2;
}

function asText(lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => line.replaceAll("\\", "\\\\") + (index < lines.length - 1 ? "\\" : ""));
}
