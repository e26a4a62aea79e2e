import { systemClock } from "@slipway/core";
import type { CodeSource } from "@slipway/core";

import { openStatCache } from "./cache.ts";
import type { StatCache } from "./cache.ts";
import type { Crew } from "./crew.ts";
import type { GatheredFacts } from "./gather.ts";
import { gitEnvironment } from "./git/command.ts";
import { readIndexFile } from "./git/index-file.ts";
import type { IndexFile } from "./git/index-file.ts";
import type { ComparedRepository, Repository, RepositoryStatus, UnlistedRepository } from "./git/repository.ts";
import type { ListedFile, Listing } from "./listing.ts";
import { defaultMaxBytes } from "./options.ts";
import type { PackageOptions } from "./options.ts";
import type { PackedBundle } from "./pack.ts";
import { describeSource } from "./plan.ts";
import { digestTable } from "./table/digest.ts";
import { fillTable, isCommonCase } from "./table/fill.ts";
import { describeTable, listContents, listRow, listTable, tableBytes } from "./table/list.ts";
import type { FilledTable } from "./table/list.ts";
import { isSameContent } from "./table/recall.ts";
import { stampNumbers } from "./table/table.ts";
import { tarStream } from "./tar.ts";
import { bigFileBytes, planWarnings } from "./warnings.ts";

/** What is known before git is asked. */
export interface KnownIndex {
  readonly indexFile: IndexFile;
  readonly cache: StatCache | undefined;
  /** Git would list what is remembered. */
  readonly isListed: boolean;
}

export function recallIndex({ cwd, cacheDirectory }: PackageOptions): KnownIndex | undefined {
  const indexFile = readIndexFile(cwd);
  if (indexFile === undefined) return undefined;
  const cache = openCache(indexFile.top, cacheDirectory);
  return { indexFile, cache, isListed: cache?.files?.index?.sha256 === indexFile.sha256 };
}

function openCache(top: string, cacheDirectory: string | undefined): StatCache | undefined {
  return cacheDirectory === undefined ? undefined : openStatCache({ cacheDirectory, directories: [top] });
}

interface TableTools {
  readonly crew: Crew;
  readonly known: KnownIndex | undefined;
}

/**
 * Packs the common case, a repository whose tracked files all ship and need no word, from columns in place of objects: several
 * times faster where there are many. Undefined in any other case, and where something is to be told or refused.
 */
export async function packTable(
  repository: Repository | ComparedRepository,
  options: PackageOptions,
  { crew, known }: TableTools,
): Promise<PackedBundle | undefined> {
  const { env, cacheDirectory, clock = systemClock, maxBytes = defaultMaxBytes, signal, onEvent } = options;
  const { top } = repository;
  if (!isCommonCase(repository, options)) return undefined;
  const patch = readPatch(repository);
  patch.catch(() => {}); // Awaited below, unless something fails first.
  const readSinceMs = clock.now().getTime();
  // Nobody has written it between the first look at it and git's.
  const indexFile = known?.indexFile.top === top && known.indexFile.isSame() ? known.indexFile : undefined;
  if (indexFile === undefined && "changed" in repository) return undefined;
  const cache = known?.indexFile.top === top ? known.cache : openCache(top, cacheDirectory);
  const cached = cache?.files;
  const filled = await fillTable(repository, { cached, maxBytes, crew, signal });
  if (filled === undefined) return undefined;
  const { table, hashedFiles, hashedBytes } = filled;
  const bytes = tableBytes(table);
  const remembered = isSameContent(table, cached) ? cached.manifest : undefined;
  const summary = remembered ?? digestTable(table);
  const status = await repository.status;
  onEvent?.({ type: "packager.listed", files: table.count, bytes, untracked: status.untracked.length });
  onEvent?.({ type: "packager.hashed", hashedFiles, hashedBytes });
  const isNews = hashedFiles > 0 || remembered === undefined || cached?.index?.sha256 !== indexFile?.sha256;
  if (cache !== undefined && isNews) {
    const reason = cache.save({ ...table, readSinceMs, manifest: summary, ...(indexFile && { index: indexFile }) });
    if (reason !== undefined) onEvent?.({ type: "packager.not_remembered", reason });
  }
  const { digest } = summary;
  onEvent?.({ type: "packager.packed", digest, files: table.count, bytes });
  const manifest = describeTable(table, summary);
  const listing = describeListing(table, { repository, status, env, bytes, maxBytes });
  return {
    digest,
    manifest,
    source: { ...listing.source, ...(await patch) },
    listing,
    contents: () => listContents(table, top),
    tar: (tarOptions = {}) => tarStream({ manifest, members: listContents(table, top), env }, tarOptions),
  };
}

async function readPatch(repository: UnlistedRepository): Promise<Pick<CodeSource, "patch">> {
  const { commit, dirty } = await repository.status;
  const text =
    commit !== undefined && dirty.length > 0 ? await repository.patch({ commit: "HEAD", prefix: "" }) : undefined;
  return text === undefined || text === "" ? {} : { patch: text };
}

interface ListingFacts extends Pick<PackageOptions, "env"> {
  readonly repository: UnlistedRepository;
  readonly status: RepositoryStatus;
  readonly bytes: number;
  readonly maxBytes: number;
}

/** What `planListing` would say; the files are listed when somebody asks for them. */
function describeListing(table: FilledTable, { repository, status, env, bytes, maxBytes }: ListingFacts): Listing {
  const { top } = repository;
  const { dirty, untracked } = status;
  const tracked = { files: [], dirty, untracked, excluded: [], submodules: [], warnings: [] };
  const gathered: GatheredFacts = {
    root: top,
    repository: { tracked, status },
    companions: [],
    included: [],
    ignoredVariables: gitEnvironment(env).ignored,
  };
  let files: readonly ListedFile[] | undefined;
  return {
    rule: 1,
    root: top,
    get files() {
      return (files ??= listTable(table, top));
    },
    untracked,
    excluded: [],
    dirtyFiles: dirty,
    warnings: planWarnings(gathered, listToldFiles(table, top), { bytes, maxBytes }),
    companions: [],
    submodules: [],
    source: describeSource(gathered),
  };
}

/** Those that a warning may be about: big ones and links. */
function listToldFiles(table: FilledTable, top: string): readonly ListedFile[] {
  const told: ListedFile[] = [];
  for (let row = 0; row < table.count; row++) {
    const isBig = (table.stamps[row * stampNumbers] ?? 0) > bigFileBytes;
    if (isBig || table.targets.has(row)) told.push(listRow(table, row, top));
  }
  return told;
}
