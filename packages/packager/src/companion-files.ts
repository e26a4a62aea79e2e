import path from "node:path";

import type { Companion } from "@slipway/core";

import { createSlices } from "./cooperate.ts";
import { createLook } from "./disk.ts";
import { PackagerError } from "./error.ts";
import { openRepository } from "./git/repository.ts";
import type { Repository } from "./git/repository.ts";
import { listIncluded } from "./included.ts";
import type { ExcludedPath, ListedFile } from "./listing.ts";
import { displayPaths, joinPath, latin1 } from "./paths.ts";
import type { LocateOptions } from "./python.ts";
import { listTracked } from "./tracked.ts";
import type { TrackedFiles } from "./tracked.ts";
import { isGitFolder, walk } from "./walk.ts";

export interface CompanionFilesOptions extends LocateOptions {
  /** Where `locateCompanion` found it. */
  readonly directory: string;
  /** Leaves out what attributes mark export-ignore, where git tracks the companion. */
  readonly exportIgnore?: boolean | undefined;
}

export type CompanionFiles = Pick<TrackedFiles, "files" | "excluded" | "warnings">;

/** The files of a companion that does not lie in the packaged repository, at their place in the bundle. */
export async function listCompanionFiles(
  companion: Companion,
  options: CompanionFilesOptions,
): Promise<CompanionFiles> {
  const repository = companion.source.kind === "path" ? await openRepository(options.directory, options) : undefined;
  if (repository === undefined) return listInstalled(companion, options);
  return listTrackedBelow(repository, companion, options);
}

/** Left behind by running the code, or not code at all. */
const neverCode = /(?:^|\/)(?:__pycache__\/|[^/]*\.pyc$)/;

async function listInstalled(
  { name }: Companion,
  { directory, signal }: CompanionFilesOptions,
): Promise<CompanionFiles> {
  const prefix = Buffer.from(name);
  const excluded: ExcludedPath[] = [];
  const skip = (file: Uint8Array): boolean => {
    if (!isGitFolder(file) && !neverCode.test(latin1(file))) return false;
    excluded.push({ path: joinPath(prefix, file), why: "left out of every installed companion" });
    return true;
  };
  const look = createLook({ directory, prefix, from: `companion ${name}` });
  const pause = createSlices(signal);
  const files: ListedFile[] = [];
  const special: Uint8Array[] = [];
  for (const file of await walk(directory, { skip, signal })) {
    const seen = look(file);
    if (typeof seen !== "string") files.push(seen);
    else special.push(joinPath(prefix, file));
    await pause();
  }
  const why = "neither a file nor a symbolic link";
  return {
    files,
    excluded: [...excluded, ...special.map((file) => ({ path: file, why }))],
    warnings: special.length === 0 ? [] : [`${displayPaths(special)}: ${why}, and left out`],
  };
}

async function listTrackedBelow(
  repository: Repository,
  { name, include = [] }: Companion,
  options: CompanionFilesOptions,
): Promise<CompanionFiles> {
  const { directory } = options;
  const prefix = Buffer.from(name);
  const from = `companion ${name}`;
  const below = narrow(repository, path.relative(repository.top, directory));
  if (below.index.size === 0) {
    throw new PackagerError("PACKAGER_EMPTY", `Git tracks no file of the companion ${name} in ${directory}`, {
      hint: "From a directory in a repository only tracked files come along: git add them.",
    });
  }
  const tracked = await listTracked(below, { ...options, prefix, from });
  const included = await listIncluded({
    directory,
    prefix,
    patterns: include,
    from: `${from}, include`,
    mustMatch: false,
    signal: options.signal,
  });
  return { ...tracked, files: [...tracked.files, ...included] };
}

/** The part of a repository below one of its directories, as if that were its top. */
function narrow(repository: Repository, directory: string): Repository {
  if (directory === "") return repository;
  const start = `${latin1(Buffer.from(directory))}/`;
  const isBelow = (file: Uint8Array) => latin1(file).startsWith(start);
  const relative = (files: readonly Uint8Array[]) => files.filter(isBelow).map((file) => file.subarray(start.length));
  const { index, top } = repository;
  function* entries() {
    for (const entry of index.entries()) {
      if (isBelow(entry.path)) yield { ...entry, path: entry.path.subarray(start.length) };
    }
  }
  const status = repository.status.then((whole) => ({
    ...whole,
    dirty: relative(whole.dirty),
    untracked: relative(whole.untracked),
  }));
  status.catch(() => {}); // As the whole repository's: whoever awaits it hears of the failure.
  return {
    ...repository,
    top: `${top}/${directory}`,
    index: { size: [...entries()].length, entries, unmerged: relative(index.unmerged) },
    status,
  };
}
