import { hash } from "node:crypto";
import { closeSync, lstatSync, readFileSync, readlinkSync } from "node:fs";

import type { CachedFiles } from "../cache-file.ts";
import { createScratch, openFile } from "../content.ts";
import type { Crew } from "../crew.ts";
import { unreadable } from "../disk.ts";
import { systemCode } from "../error.ts";
import type { ComparedRepository, Repository, UnlistedRepository } from "../git/repository.ts";
import { readStable } from "../hash.ts";
import { ignoreFileName } from "../ignore.ts";
import type { PackageOptions } from "../options.ts";
import { absolutePath } from "../paths.ts";
import { listRow, tableBytes } from "./list.ts";
import type { FilledTable } from "./list.ts";
import { hasNotableName } from "./names.ts";
import { hasSameNames, recallDigests } from "./recall.ts";
import { createSourceOf, tasks } from "./rows.ts";
import { digestBytes, rowKinds, stampNumbers, tableOfIndex } from "./table.ts";
import type { FileTable } from "./table.ts";
import { recallTable } from "./vouch.ts";

export interface FillOptions extends Pick<PackageOptions, "signal"> {
  readonly cached: CachedFiles | undefined;
  readonly maxBytes: number;
  readonly crew: Crew;
}

export interface Filled {
  readonly table: FilledTable;
  /** How many were read; the others were known. */
  readonly hashedFiles: number;
  readonly hashedBytes: number;
}

/** Whether nothing but git's list says which files are packaged, and under which names. */
export function isCommonCase({ top, fileMode, symlinks }: UnlistedRepository, options: PackageOptions): boolean {
  const { code, companions = [], include = [], exclude = [], exportIgnore = false } = options;
  const asTracked = code?.kind !== "commit" && fileMode && symlinks && !exportIgnore;
  const hasIgnoreFile = () => lstatSync(`${top}/${ignoreFileName}`, { throwIfNoEntry: false }) !== undefined;
  return asTracked && companions.length + include.length + exclude.length === 0 && !hasIgnoreFile();
}

/** More rows than these are worth the start of helpers: fewer are done before a helper is up, which costs as much as reading them. */
const rowsForHelpers = { look: 6_000, read: 1_200 };

/** Looks at all that git lists and reads what is not known. Undefined where there is something that is to be told or refused. */
export async function fillTable(
  repository: Repository | ComparedRepository,
  { cached, maxBytes, crew, signal }: FillOptions,
): Promise<Filled | undefined> {
  const { top } = repository;
  const table = listTable(repository, cached);
  if (table === undefined) return undefined;
  const unknown = table.read.reduce((sum, read) => sum + (1 - read), 0);
  if (unknown > (cached ? rowsForHelpers.look : rowsForHelpers.read)) crew.start();
  // What is not remembered is read at once; else only what has changed since, when all was looked at.
  const filling = unknown > 0 && crew.fill(cached ? tasks.look : tasks.read, table, top);
  const isAccepted = cached?.manifest !== undefined && hasSameNames(table, cached);
  const isNotable = !isAccepted && hasNotableName(table); // While helpers are at it.
  await filling;
  if (isNotable) return undefined;
  const targets = readLinks(table, top);
  if (targets === undefined || tableBytes(table) > maxBytes || usesLfs(table, top)) return undefined;
  const unread = recallDigests(table, cached);
  for (const [row, target] of targets) table.digests.write(hash("sha256", target, "hex"), row * digestBytes, "hex");
  if (cached && unread.files > rowsForHelpers.read) crew.start();
  if (cached && unread.files > 0) await crew.fill(tasks.read, table, top);
  const isRead = await readRest(table, { top, signal });
  return isRead ? { table: { ...table, targets }, hashedFiles: unread.files, hashedBytes: unread.bytes } : undefined;
}

function listTable(
  repository: Repository | ComparedRepository,
  cached: CachedFiles | undefined,
): FileTable | undefined {
  if ("changed" in repository) return cached && recallTable(cached, repository.changed);
  return repository.index.listed && tableOfIndex(repository.index.listed);
}

/** The links' texts; their digests stand in for contents'. Undefined where anything is neither file nor link. */
function readLinks(table: FileTable, top: string): ReadonlyMap<number, Uint8Array> | undefined {
  const { kinds, count } = table;
  let sourceOf: ReturnType<typeof createSourceOf> | undefined;
  const targets = new Map<number, Uint8Array>();
  for (let row = 0; row < count; row++) {
    const kind = kinds[row];
    if (kind === rowKinds.file || kind === rowKinds.executable) continue;
    if (kind !== rowKinds.symlink) return undefined;
    sourceOf ??= createSourceOf(table, top);
    targets.set(row, readlinkSync(sourceOf(row), { encoding: "buffer" }));
  }
  return targets;
}

/** Whether a tracked `.gitattributes` says that pointers of Git LFS may stand for files. */
function usesLfs({ names }: FileTable, top: string): boolean {
  for (let at = names.indexOf(attributesName); at >= 0; at = names.indexOf(attributesName, at + 1)) {
    const isWhole = at === 0 || names[at - 1] === 0 || names[at - 1] === slash;
    const start = names.lastIndexOf(0, at) + 1;
    const name = names.subarray(start, at + attributesName.length - 1);
    if (isWhole && readAttributes(absolutePath(top, name)).includes("filter=lfs")) return true;
  }
  return false;
}

/** A link of this name is nothing to git (gitattributes(5), "NOTES"). */
function readAttributes(source: string | Buffer): Buffer {
  try {
    const file = openFile(source);
    try {
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (systemCode(error) === "ELOOP") return Buffer.alloc(0);
    throw unreadable(source, error);
  }
}

const attributesName = Buffer.from(".gitattributes\0");
const slash = 0x2f;

/** Reads what no helper could: big files, those that are written to meanwhile. False where one has a secret. */
async function readRest(
  table: FileTable,
  { top, signal }: { readonly top: string; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  const scratch = createScratch();
  const { count, kinds, read, stamps, digests } = table;
  for (let row = 0; row < count; row++) {
    if (read[row] === 1 || kinds[row] === rowKinds.symlink) continue;
    const { size, sha256, stamp, secrets } = await readStable(listRow(table, row, top), {
      scratch,
      scan: true,
      signal,
    });
    if (secrets.length > 0) return false;
    stamps.set([size, stamp.mtimeMs, stamp.ctimeMs, stamp.inode], row * stampNumbers);
    digests.write(sha256, row * digestBytes, "hex");
    read[row] = 1;
  }
  return true;
}
