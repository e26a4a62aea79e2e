import { isAscii } from "node:buffer";
import { hash } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, readSync } from "node:fs";

import { openFile, scannedBytes } from "../content.ts";
import { createDirectoryCheck } from "../disk.ts";
import { absolutePath, parentPath } from "../paths.ts";
import { findSecrets } from "../secrets.ts";
import { digestBytes, rowKinds, stampNumbers } from "./table.ts";
import type { FileTable } from "./table.ts";

/** The two things that threads do with a table's rows; also the places of their claims. */
export const tasks = { look: 0, read: 1 } as const;
export type Task = (typeof tasks)[keyof typeof tasks];

/** How many rows are taken at once: so many that taking them costs nothing, so few that all threads end at the same time. */
const claimRows: Readonly<Record<Task, number>> = { [tasks.look]: 128, [tasks.read]: 16 };

/** Takes rows that nobody has taken and works on them; false when there were none left. */
export function claimAndWork(task: Task, { claims, count }: FileTable, work: RowWork): boolean {
  const first = Atomics.add(claims, task, claimRows[task]);
  const end = Math.min(first + claimRows[task], count);
  for (let row = first; row < end; row++) work(row);
  return end < count;
}

const busyAt = (task: Task, helper: number) => 2 + 2 * helper + task;

/** Whether a helper may have taken rows of a task that it has not finished. */
export function isBusy(task: Task, { claims }: FileTable, helper: number): boolean {
  return Atomics.load(claims, busyAt(task, helper)) !== 0;
}

export function setBusy(task: Task, { claims }: FileTable, helper: number, busy: boolean): void {
  Atomics.store(claims, busyAt(task, helper), Number(busy));
}

/** One row's task, done in this thread. Never throws: what is not plain stays undone, for the one thread that tells of it. */
export type RowWork = (row: number) => void;

export function createRowWork(task: Task, table: FileTable, directory: string): RowWork {
  return task === tasks.look ? createLookAtRow(table, directory) : createReadRow(table, directory);
}

/** Names the file of a row. */
export function createSourceOf(
  { names, starts }: Pick<FileTable, "names" | "starts">,
  directory: string,
): (row: number) => string | Buffer {
  const text = names.toString("latin1");
  const isPlain = isAscii(names);
  return (row) => {
    const [start, end] = [starts[row] ?? 0, (starts[row + 1] ?? 0) - 1];
    return isPlain
      ? `${directory}/${text.slice(start, end)}`
      : absolutePath(directory, names.subarray(start, end), text.slice(start, end));
  };
}

const ifThere = { throwIfNoEntry: false };

/** Without following a link, also none on the way: as `createLook` does for one file. */
function createLookAtRow(table: FileTable, directory: string): RowWork {
  const { names, starts, stamps, kinds, read } = table;
  const text = names.toString("latin1");
  const sourceOf = createSourceOf(table, directory);
  const isRealDirectory = createDirectoryCheck(directory);
  let lastParent = "";
  return (row) => {
    if (read[row] === 1) return; // It is known.
    kinds[row] = rowKinds.other;
    try {
      const parent = parentPath(text.slice(starts[row], (starts[row + 1] ?? 0) - 1));
      if (parent !== lastParent && !isRealDirectory(parent)) return;
      lastParent = parent;
      const stat = lstatSync(sourceOf(row), ifThere);
      if (stat === undefined) return;
      const at = row * stampNumbers;
      stamps[at] = stat.size;
      stamps[at + 1] = stat.mtimeMs;
      stamps[at + 2] = stat.ctimeMs;
      stamps[at + 3] = stat.ino;
      const type = stat.mode & constants.S_IFMT;
      if (type === constants.S_IFLNK) kinds[row] = rowKinds.symlink;
      else if (type === constants.S_IFREG) kinds[row] = (stat.mode & 0o100) === 0 ? rowKinds.file : rowKinds.executable;
    } catch {
      // Whatever it is, it is found again, and told, by whoever looks at rows that are `other`.
    }
  };
}

/** From this on a file is read in slices, by the thread that can be interrupted. */
const wholeBytes = 1 << 22;

/** Reads what was looked at, here if it was not yet, if nobody wrote to it since, and it is small and has no secrets. */
function createReadRow(table: FileTable, directory: string): RowWork {
  const { stamps, kinds, read, digests } = table;
  const look = createLookAtRow(table, directory);
  const sourceOf = createSourceOf(table, directory);
  const scratch = Buffer.allocUnsafeSlow(wholeBytes);
  return (row) => {
    if (kinds[row] === rowKinds.unseen) look(row);
    const kind = kinds[row];
    const at = row * stampNumbers;
    const size = stamps[at] ?? 0;
    if (read[row] === 1 || (kind !== rowKinds.file && kind !== rowKinds.executable) || size >= wholeBytes) return;
    try {
      const file = openFile(sourceOf(row));
      try {
        const length = readSync(file, scratch, 0, scratch.length, null);
        const stat = fstatSync(file);
        if (length !== size || stat.size !== size || !stat.isFile() || stat.ino !== stamps[at + 3]) return;
        if (stat.mtimeMs !== stamps[at + 1] || stat.ctimeMs !== stamps[at + 2]) return;
      } finally {
        closeSync(file);
      }
      const content = scratch.subarray(0, size);
      if (findSecrets(content.subarray(0, scannedBytes)).length > 0) return;
      digests.write(hash("sha256", content, "hex"), row * digestBytes, "hex");
      read[row] = 1;
    } catch {
      // As above: it is read again, and then told.
    }
  };
}
