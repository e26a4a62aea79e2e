import { gather } from "./gather.ts";
import type { Gathered } from "./gather.ts";
import { openRepository } from "./git/repository.ts";
import type { Repository } from "./git/repository.ts";
import { compileGlobs } from "./globs.ts";
import { readIgnoreFile } from "./ignore.ts";
import type { Listing } from "./listing.ts";
import { defaultMaxBytes } from "./options.ts";
import type { PackageOptions } from "./options.ts";
import { planListing } from "./plan.ts";

/** Lists what would be packaged, by which rule, and what stays behind. Reads no file's content and writes nothing. */
export async function listFiles(options: PackageOptions): Promise<Listing> {
  const { cwd, env, signal } = options;
  signal?.throwIfAborted();
  return (await gatherAndPlan(await openRepository(cwd, { env, signal }), options)).listing;
}

export async function gatherAndPlan(
  opened: Repository | undefined,
  options: PackageOptions,
): Promise<{ readonly gathered: Gathered; readonly listing: Listing }> {
  const exclude = await compileGlobs(options.exclude ?? []);
  const gathered = await gather(opened, options);
  const ignore = await readIgnoreFile(gathered.root);
  const listing = planListing(gathered, { exclude, ignore, maxBytes: options.maxBytes ?? defaultMaxBytes });
  const bytes = listing.files.reduce((sum, file) => sum + file.size, 0);
  options.onEvent?.({
    type: "packager.listed",
    files: listing.files.length,
    bytes,
    untracked: listing.untracked.length,
  });
  return { gathered, listing };
}
