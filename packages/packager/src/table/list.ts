import type { Manifest, ManifestEntry } from "@slipway/core";

import type { CachedManifest } from "../cache-file.ts";
import type { ListedFile } from "../listing.ts";
import type { PackedFile } from "../pack.ts";
import { absolutePath } from "../paths.ts";
import { createSourceOf } from "./rows.ts";
import { digestBytes, rowKinds, stampNumbers } from "./table.ts";
import type { FileTable } from "./table.ts";

/** A table whose rows are all of a bundle's files, each read, and its links. */
export interface FilledTable extends Pick<FileTable, "count" | "stamps" | "digests" | "starts" | "kinds" | "names"> {
  /** The text of each link, by its row. */
  readonly targets: ReadonlyMap<number, Uint8Array>;
}

/** Core's manifest of these files, whose entries are made when somebody asks for them. */
export function describeTable(table: FilledTable, { directories }: Pick<CachedManifest, "directories">): Manifest {
  let entries: readonly ManifestEntry[] | undefined;
  return {
    get entries() {
      return (entries ??= listEntries(table));
    },
    bytes: tableBytes(table),
    files: table.count - table.targets.size,
    symlinks: table.targets.size,
    directories,
  };
}

/** What is known of rows before links were read. */
type RowColumns = Omit<FilledTable, "targets" | "digests" | "count"> & Pick<Partial<FilledTable>, "targets">;

export function tableBytes({ count, stamps, kinds }: Pick<FileTable, "count" | "stamps" | "kinds">): number {
  let bytes = 0;
  for (let row = 0; row < count; row++) {
    if (kinds[row] !== rowKinds.symlink) bytes += stamps[row * stampNumbers] ?? 0;
  }
  return bytes;
}

function listEntries(shared: FilledTable): readonly ManifestEntry[] {
  const table = { ...shared, names: Buffer.from(shared.names) }; // Not all functions take memory that threads share.
  return Array.from({ length: table.count }, (_, row) => entryOf(table, row));
}

export function entryOf({ stamps, digests, kinds, names, starts, targets }: FilledTable, row: number): ManifestEntry {
  const path = names.subarray(starts[row], (starts[row + 1] ?? 0) - 1);
  const target = targets.get(row);
  if (target !== undefined) return { kind: "symlink", path, target };
  const sha256 = digests.toString("hex", row * digestBytes, (row + 1) * digestBytes);
  const mode = kinds[row] === rowKinds.executable ? 0o755 : 0o644;
  return { kind: "file", path, mode, size: stamps[row * stampNumbers] ?? 0, sha256 };
}

/** The files as `listFiles` lists them. */
export function listTable(shared: FilledTable, directory: string): readonly ListedFile[] {
  const table = { ...shared, names: Buffer.from(shared.names) };
  const sourceOf = createSourceOf(table, directory);
  return Array.from({ length: table.count }, (_, row) => fileOf(table, row, sourceOf(row)));
}

/** The same with the manifest's entries, each made when it is asked for. */
export function* listContents(shared: FilledTable, directory: string): Generator<PackedFile> {
  const table = { ...shared, names: Buffer.from(shared.names) };
  const sourceOf = createSourceOf(table, directory);
  for (let row = 0; row < table.count; row++) {
    yield { entry: entryOf(table, row), file: fileOf(table, row, sourceOf(row)) };
  }
}

/** One of them. */
export function listRow(table: RowColumns, row: number, directory: string): ListedFile {
  const name = table.names.subarray(table.starts[row], (table.starts[row + 1] ?? 0) - 1);
  return fileOf(table, row, absolutePath(directory, name));
}

function fileOf(table: RowColumns, row: number, source: string | Buffer): ListedFile {
  const { stamps, kinds, names, starts, targets } = table;
  const at = row * stampNumbers;
  const path = names.subarray(starts[row], (starts[row + 1] ?? 0) - 1);
  const stamp = { mtimeMs: stamps[at + 1] ?? 0, ctimeMs: stamps[at + 2] ?? 0, inode: stamps[at + 3] ?? 0 };
  const common = { path, source, from: "tracked", stamp };
  const target = targets?.get(row);
  if (target !== undefined) return { ...common, kind: "symlink", mode: 0o777, size: 0, target };
  return { ...common, kind: "file", mode: kinds[row] === rowKinds.executable ? 0o755 : 0o644, size: stamps[at] ?? 0 };
}
