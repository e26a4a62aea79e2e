import { createRowFinder, racyMs } from "../cache-file.ts";
import type { CachedFiles } from "../cache-file.ts";
import { createTable, stampNumbers } from "./table.ts";
import type { FileTable } from "./table.ts";

/**
 * The table of files that are remembered with git's index, which has not changed since: those rows are filled that git vouches for.
 * Git compares whole seconds of times (it is built so: Makefile, USE_NSEC). That is enough for a file that was changed last in a
 * second before that in which the index was written: whatever changed it since has set a later second, and nobody can set it back
 * (stat(2), st_ctime). All others are looked at. `changed` has the names of files that are not as the index says, each with a zero
 * byte after it.
 */
export function recallTable(cached: CachedFiles, changed: Buffer): FileTable {
  const table = createTable(cached.count, cached.names.length);
  table.starts.set(cached.starts);
  table.names.set(cached.names);
  const { index, readSinceMs, count } = cached;
  if (index === undefined) return table;
  const isChanged = markRows(cached, changed);
  const before = Math.min(Math.floor(index.mtimeMs / 1000) * 1000, readSinceMs - racyMs);
  for (let row = 0; row < count; row++) {
    const at = row * stampNumbers;
    if (isChanged[row] === 1 || (cached.stamps[at + 2] ?? 0) >= before) continue;
    table.stamps.set(cached.stamps.subarray(at, at + stampNumbers), at);
    table.kinds[row] = cached.kinds[row] ?? 0;
    table.read[row] = 1;
  }
  return table;
}

function markRows(cached: CachedFiles, names: Buffer): Uint8Array {
  const marks = new Uint8Array(cached.count);
  const findRow = createRowFinder(cached);
  for (let start = 0, end = 0; start < names.length; start = end + 1) {
    end = names.indexOf(0, start);
    const row = findRow(names.subarray(start, end));
    if (row >= 0) marks[row] = 1;
  }
  return marks;
}
