import { createRowFinder, isUnchanged } from "../cache-file.ts";
import type { CachedFiles } from "../cache-file.ts";
import { digestBytes, rowKinds, stampNumbers } from "./table.ts";
import type { FileTable } from "./table.ts";

type Columns = Pick<FileTable, "count" | "stamps" | "digests" | "kinds" | "names">;

export interface Unread {
  readonly files: number;
  readonly bytes: number;
}

/** Takes over the digests of files that surely have not changed since they were remembered. Tells what is left to be read. */
export function recallDigests(table: FileTable, cached: CachedFiles | undefined): Unread {
  const { count, kinds, read, stamps, digests } = table;
  const isSame = hasSameNames(table, cached);
  if (cached && isSame) digests.set(cached.digests); // All at once; those that do not hold are written over.
  const findRow = cached && !isSame ? createFinder(table, cached) : (row: number) => row;
  const seen = { size: 0, stamp: { mtimeMs: 0, ctimeMs: 0, inode: 0 } }; // One for all rows.
  let files = 0;
  let bytes = 0;
  for (let row = 0; row < count; row++) {
    if (kinds[row] === rowKinds.symlink || (isSame && read[row] === 1)) continue;
    const known = findRow(row);
    const at = row * stampNumbers;
    seen.size = stamps[at] ?? 0;
    seen.stamp.mtimeMs = stamps[at + 1] ?? 0;
    seen.stamp.ctimeMs = stamps[at + 2] ?? 0;
    seen.stamp.inode = stamps[at + 3] ?? 0;
    const isFile = cached && known >= 0 && cached.kinds[known] !== rowKinds.symlink;
    if (isFile && isUnchanged(cached, known, seen)) {
      if (!isSame) cached.digests.copy(digests, row * digestBytes, known * digestBytes, (known + 1) * digestBytes);
      read[row] = 1;
    } else {
      files += 1;
      bytes += seen.size;
    }
  }
  return { files, bytes };
}

function createFinder(table: FileTable, cached: CachedFiles): (row: number) => number {
  const findRow = createRowFinder(cached);
  return (row) => findRow(table.names.subarray(table.starts[row], (table.starts[row + 1] ?? 0) - 1));
}

export function hasSameNames(table: Pick<FileTable, "names">, cached: CachedFiles | undefined): boolean {
  return cached?.names.equals(table.names) === true;
}

/** Whether two tables describe the same bundle: names, kinds, sizes and digests are all that a manifest holds. */
export function isSameContent(table: Columns, cached: CachedFiles | undefined): cached is CachedFiles {
  if (!cached || !hasSameNames(table, cached) || !cached.digests.equals(table.digests)) return false;
  for (let row = 0; row < table.count; row++) {
    const isSameKind = cached.kinds[row] === table.kinds[row];
    if (!isSameKind || cached.stamps[row * stampNumbers] !== table.stamps[row * stampNumbers]) return false;
  }
  return true;
}
