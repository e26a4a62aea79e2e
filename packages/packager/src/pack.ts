import { createManifest, manifestDigest, systemClock } from "@slipway/core";
import type { Bundle, CodeSource } from "@slipway/core";

import { openStatCache } from "./cache.ts";
import type { FileContent } from "./content.ts";
import type { Gathered } from "./gather.ts";
import { openBlobs } from "./git/blobs.ts";
import { compileGlobs } from "./globs.ts";
import { refuseSecrets, refuseTooLarge, secretNames } from "./guards.ts";
import type { SecretPlace } from "./guards.ts";
import { hashFiles } from "./hash.ts";
import { gatherAndPlan } from "./list.ts";
import type { FileStamp, ListedFile, Listing } from "./listing.ts";
import { defaultMaxBytes } from "./options.ts";
import type { PackageOptions } from "./options.ts";
import { tarStream } from "./tar.ts";

/** A bundle with the listing that it was made from. */
export interface PackedBundle extends Bundle {
  readonly listing: Listing;
}

/**
 * Packages what `listFiles` lists: reads the content of each file once for the digest, and again when the tar is read.
 * Nothing is written, except to the cache directory. Rejects with a PackagerError of any code.
 */
export async function packBundle(options: PackageOptions): Promise<PackedBundle> {
  const { gathered, listing } = await gatherAndPlan(options);
  refuseTooLarge(listing.files, options.maxBytes ?? defaultMaxBytes);
  const patch = readPatch(gathered, listing);
  patch.catch(() => {}); // Awaited below, unless reading a file fails first.
  const { entries, secrets } = await hashListed(listing, options);
  refuseSecrets([...secretNames(listing.files), ...secrets], await compileGlobs(options.allowSecrets ?? []));
  const manifest = createManifest(entries);
  const digest = manifestDigest(manifest);
  options.onEvent?.({ type: "packager.packed", digest, files: entries.length, bytes: manifest.bytes });
  return {
    digest,
    manifest,
    source: { ...listing.source, ...(await patch) },
    listing,
    tar: (tarOptions = {}) => tarStream({ manifest, files: listing.files, env: options.env }, tarOptions),
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
  const entries = await hashFiles(files, { blobs, known: cache?.known, onHashed, scan: true, signal });
  onEvent?.({ type: "packager.hashed", hashedFiles: stamps.size, hashedBytes });
  if (cache !== undefined && stamps.size > 0) {
    const withSecrets = new Set(secrets.map((secret) => secret.file));
    const remembered = files.flatMap((file, position) => {
      const entry = entries[position];
      if (entry?.kind !== "file" || file.stored || withSecrets.has(file)) return [];
      const { path, size, sha256 } = entry;
      return [{ path, size, sha256, stamp: stamps.get(file) ?? file.stamp }];
    });
    const reason = cache.save(remembered, readSinceMs);
    if (reason !== undefined) onEvent?.({ type: "packager.not_remembered", reason });
  }
  return { entries, secrets };
}

async function readPatch({ repository }: Gathered, { source }: Listing): Promise<Pick<CodeSource, "patch">> {
  if (repository === undefined || source.commit === undefined || !source.dirty) return {};
  const patch = await repository.opened.patch();
  return patch === undefined ? {} : { patch };
}
