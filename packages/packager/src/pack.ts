import { createManifest, manifestDigest, stripControlCharacters, systemClock } from "@slipway/core";
import type { Bundle, CodeSource, ManifestEntry } from "@slipway/core";

import { openStatCache } from "./cache.ts";
import type { FileContent } from "./content.ts";
import { PackagerError } from "./error.ts";
import type { Gathered } from "./gather.ts";
import { hashFiles } from "./hash.ts";
import { gatherAndPlan } from "./list.ts";
import type { ListedFile, Listing } from "./listing.ts";
import { defaultMaxBytes } from "./options.ts";
import type { PackageOptions } from "./options.ts";
import { displayPath } from "./paths.ts";
import { tarStream } from "./tar.ts";
import { megabytes } from "./warnings.ts";

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
  const entries = await hashListed(listing, options);
  const manifest = createManifest(entries);
  const digest = manifestDigest(manifest);
  options.onEvent?.({ type: "packager.packed", digest, files: entries.length, bytes: manifest.bytes });
  return {
    digest,
    manifest,
    source: { ...listing.source, ...(await patch) },
    listing,
    tar: (tarOptions = {}) => tarStream({ manifest, files: listing.files }, tarOptions),
  };
}

/** Reads what is not known from last time, and remembers it for the next. */
async function hashListed(listing: Listing, options: PackageOptions): Promise<readonly ManifestEntry[]> {
  const { cacheDirectory, clock = systemClock, signal, onEvent } = options;
  const directories = [listing.root, ...listing.companions.map((companion) => companion.directory)];
  const cache = cacheDirectory === undefined ? undefined : openStatCache({ cacheDirectory, directories });
  const readSinceMs = clock.now().getTime();
  const hashed = new Map<ListedFile, FileContent>();
  const onHashed = (file: ListedFile, content: FileContent) => void hashed.set(file, content);
  const entries = await hashFiles(listing.files, { known: cache?.known, onHashed, signal });
  const hashedBytes = [...hashed.values()].reduce((sum, content) => sum + content.size, 0);
  onEvent?.({ type: "packager.hashed", hashedFiles: hashed.size, hashedBytes });
  if (cache !== undefined && hashed.size > 0) {
    const files = listing.files.flatMap((file, position) => {
      const entry = entries[position];
      if (entry?.kind !== "file") return [];
      const { path, size, sha256 } = entry;
      return [{ path, size, sha256, stamp: hashed.get(file)?.stamp ?? file.stamp }];
    });
    const reason = cache.save(files, readSinceMs);
    if (reason !== undefined) onEvent?.({ type: "packager.not_remembered", reason });
  }
  return entries;
}

async function readPatch({ repository }: Gathered, { source }: Listing): Promise<Pick<CodeSource, "patch">> {
  if (repository === undefined || source.commit === undefined || !source.dirty) return {};
  const patch = await repository.opened.patch();
  return patch === undefined ? {} : { patch };
}

function refuseTooLarge(files: readonly ListedFile[], maxBytes: number): void {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (bytes <= maxBytes) return;
  const biggest = files.toSorted((a, b) => b.size - a.size).slice(0, 10);
  const lines = biggest.map(
    (file) => `  ${megabytes(file.size)}  ${displayPath(file.path)} (${stripControlCharacters(file.from)})`,
  );
  throw new PackagerError(
    "PACKAGER_TOO_LARGE",
    `The bundle would have ${megabytes(bytes)}; the limit is ${megabytes(maxBytes)}. The biggest files:\n${lines.join("\n")}`,
    {
      hint: "Leave files out with exclude patterns, or raise max_size.",
      details: { bytes, maxBytes, biggest: biggest.map((file) => ({ path: displayPath(file.path), size: file.size })) },
    },
  );
}
