import { createManifest, manifestDigest, systemClock } from "@slipway/core";
import type { Bundle, CodeSource, FileEntry, ManifestEntry } from "@slipway/core";

import { createRowFinder, isUnchanged } from "./cache-file.ts";
import type { CachedFiles } from "./cache-file.ts";
import { openStatCache } from "./cache.ts";
import type { FileContent } from "./content.ts";
import { createCrew } from "./crew.ts";
import type { Gathered } from "./gather.ts";
import { openBlobs } from "./git/blobs.ts";
import { askGit, compareRepository, openRepository } from "./git/repository.ts";
import type { Repository } from "./git/repository.ts";
import { compileGlobs } from "./globs.ts";
import { refuseSecrets, refuseTooLarge, secretNames } from "./guards.ts";
import type { SecretPlace } from "./guards.ts";
import { hashFiles } from "./hash.ts";
import { gatherAndPlan } from "./list.ts";
import type { FileStamp, ListedFile, Listing } from "./listing.ts";
import { defaultMaxBytes } from "./options.ts";
import type { PackageOptions } from "./options.ts";
import { packTable, recallIndex } from "./pack-table.ts";
import { readWholePatch } from "./patch.ts";
import { expectsWork } from "./table/expect.ts";
import { createTable, digestBytes, rowKinds, stampNumbers } from "./table/table.ts";
import { pairMembers, tarStream } from "./tar.ts";

/** A bundle with the listing that it was made from. */
export interface PackedBundle extends Bundle {
  readonly listing: Listing;
  /** The manifest's entries with the files that they were made from, one at a time: of many files they need less memory so. */
  contents(): Iterable<PackedFile>;
}

export interface PackedFile {
  readonly entry: ManifestEntry;
  readonly file: ListedFile;
}

/**
 * Packages what `listFiles` lists: reads the content of each file once for the digest, and again when the tar is read.
 * Nothing is written, except to the cache directory. Rejects with a PackagerError of any code.
 */
export async function packBundle(options: PackageOptions): Promise<PackedBundle> {
  const { cwd, env, signal } = options;
  signal?.throwIfAborted();
  await using crew = createCrew({ signal });
  const asked = askGit(cwd, { env, signal });
  const known = recallIndex(options); // While git is at it.
  if (known?.isListed) {
    const compared = await compareRepository(known.indexFile.top, asked);
    const packed = compared && (await packTable(compared, options, { crew, known }));
    if (packed) return packed;
  }
  if (known && expectsWork(known.indexFile, { isKnown: known.cache?.files !== undefined })) crew.start();
  const opened = await openRepository(cwd, { env, signal }, asked);
  return (opened && (await packTable(opened, options, { crew, known }))) ?? packListed(opened, options);
}

/** Packs any listing, from an object for each file. */
export async function packListed(opened: Repository | undefined, options: PackageOptions): Promise<PackedBundle> {
  const { gathered, listing } = await gatherAndPlan(opened, options);
  refuseTooLarge(listing.files, options.maxBytes ?? defaultMaxBytes);
  const patch = readPatch(gathered, listing, options);
  patch.catch(() => {}); // Awaited below, unless reading a file fails first.
  const { entries, secrets } = await hashListed(listing, options);
  refuseSecrets([...secretNames(listing.files), ...secrets], await compileGlobs(options.allowSecrets ?? []));
  const manifest = createManifest(entries);
  const digest = manifestDigest(manifest);
  options.onEvent?.({ type: "packager.packed", digest, files: entries.length, bytes: manifest.bytes });
  const contents = () => pairMembers(manifest, listing.files);
  return {
    digest,
    manifest,
    source: { ...listing.source, ...(await patch) },
    listing,
    contents,
    tar: (tarOptions = {}) => tarStream({ manifest, members: contents(), env: options.env }, tarOptions),
  };
}

/** Reads what is not known from last time, and remembers it for the next; not what has secrets, which is looked at each time. */
async function hashListed({ files, root, companions }: Listing, options: PackageOptions) {
  const { cacheDirectory, clock = systemClock, signal, onEvent } = options;
  const directories = [root, ...companions.map((companion) => companion.directory)];
  const cache = cacheDirectory === undefined ? undefined : openStatCache({ cacheDirectory, directories });
  const readSinceMs = clock.now().getTime();
  const stamps = new Map<ListedFile, FileStamp>();
  const secrets: SecretPlace[] = [];
  let hashedBytes = 0;
  const onHashed = (file: ListedFile, content: FileContent) => {
    hashedBytes += content.size;
    stamps.set(file, content.stamp);
    secrets.push(...content.secrets.map((secret) => ({ file, ...secret })));
  };
  await using blobs = openBlobs(options);
  const known = cache?.files && createMemory(cache.files);
  const entries = await hashFiles(files, { blobs, known, onHashed, scan: true, signal });
  onEvent?.({ type: "packager.hashed", hashedFiles: stamps.size, hashedBytes });
  if (cache !== undefined && stamps.size > 0) {
    const withSecrets = new Set(secrets.map((secret) => secret.file));
    const remembered = files.flatMap((file, position) => {
      const entry = entries[position];
      if (entry?.kind !== "file" || file.stored || withSecrets.has(file)) return [];
      return [{ entry, stamp: stamps.get(file) ?? file.stamp }];
    });
    const reason = cache.save(remember(remembered, readSinceMs));
    if (reason !== undefined) onEvent?.({ type: "packager.not_remembered", reason });
  }
  return { entries, secrets };
}

/** Tells the sha-256 of files that surely have not changed; asked in the order of their paths. */
function createMemory(cached: CachedFiles): (file: ListedFile) => string | undefined {
  const findRow = createRowFinder(cached);
  return (file) => {
    const row = findRow(file.path);
    if (row < 0 || cached.kinds[row] === rowKinds.symlink || !isUnchanged(cached, row, file)) return undefined;
    return cached.digests.toString("hex", row * digestBytes, (row + 1) * digestBytes);
  };
}

interface RememberedFile {
  readonly entry: FileEntry;
  readonly stamp: FileStamp;
}

function remember(files: readonly RememberedFile[], readSinceMs: number): CachedFiles {
  const nameBytes = files.reduce((sum, { entry }) => sum + entry.path.length + 1, 0);
  const table = createTable(files.length, nameBytes);
  let start = 0;
  for (const [row, { entry, stamp }] of files.entries()) {
    table.starts[row] = start;
    table.names.set(entry.path, start);
    start += entry.path.length + 1;
    table.stamps.set([entry.size, stamp.mtimeMs, stamp.ctimeMs, stamp.inode], row * stampNumbers);
    table.digests.write(entry.sha256, row * digestBytes, "hex");
    table.kinds[row] = rowKinds.file;
  }
  table.starts[files.length] = start;
  return { ...table, readSinceMs };
}

async function readPatch(
  { repository }: Gathered,
  { source }: Listing,
  options: PackageOptions,
): Promise<Pick<CodeSource, "patch">> {
  if (repository === undefined || source.commit === undefined || !source.dirty) return {};
  const patch = await readWholePatch(repository.opened, options);
  return patch === undefined || patch === "" ? {} : { patch };
}
