import { createSlices } from "./cooperate.ts";
import { createLook } from "./disk.ts";
import { PackagerError } from "./error.ts";
import { readExportIgnored } from "./git/export-ignore.ts";
import { findLfsPointers } from "./git/lfs.ts";
import type { IndexEntry } from "./git/parse.ts";
import { openRepository } from "./git/repository.ts";
import type { Repository, RepositoryOptions } from "./git/repository.ts";
import type { ExcludedPath, ListedFile, ListedSubmodule } from "./listing.ts";
import { absolutePath, displayPath, displayPaths, fromLatin1, isSafePath, joinPath, latin1 } from "./paths.ts";

/** What one repository, with its submodules, gives to a bundle. Paths of `dirty` and `untracked` are relative to its top. */
export interface TrackedFiles {
  readonly files: readonly ListedFile[];
  readonly dirty: readonly Uint8Array[];
  readonly untracked: readonly Uint8Array[];
  readonly excluded: readonly ExcludedPath[];
  readonly submodules: readonly ListedSubmodule[];
  readonly warnings: readonly string[];
}

export interface TrackedOptions extends RepositoryOptions {
  /** Where the repository's top lies in the bundle; empty for its root. */
  readonly prefix: Uint8Array;
  readonly from: string;
  /** Leaves out what attributes mark export-ignore. */
  readonly exportIgnore?: boolean | undefined;
}

/** Tracked files with what lies on disk, submodules at their full path. What is tracked and not on disk is told and left out. */
export async function listTracked(repository: Repository, options: TrackedOptions): Promise<TrackedFiles> {
  refuseUnmerged(repository);
  const { files, absent, special, gitlinks, hidden, exportIgnored } = await lookAtEntries(repository, options);
  const submodules: TrackedFiles[] = [];
  for (const gitlink of gitlinks) submodules.push(await listSubmodule(repository, gitlink, options));
  const status = await repository.status;
  const missing = absent.filter((entry) => !entry.skipWorktree).map((entry) => entry.path);
  const sparse = absent.filter((entry) => entry.skipWorktree).map((entry) => entry.path);
  const excluded = [
    ...missing.map((path) => ({ path: joinPath(options.prefix, path), why: "tracked, but deleted on disk" })),
    ...sparse.map((path) => ({ path: joinPath(options.prefix, path), why: "tracked, but not in the sparse checkout" })),
    ...special.map((path) => ({ path: joinPath(options.prefix, path), why: "neither a file nor a symbolic link" })),
    ...excludeMarked(exportIgnored, options.prefix),
  ];
  const warnings = [
    ...tell(missing, "tracked, but deleted on disk, and left out"),
    ...tell(sparse, "tracked, but not checked out (sparse checkout), and left out"),
    ...tell(special, "neither a file nor a symbolic link, and left out"),
    ...tell(
      await findLfsPointers(files),
      "pointers of Git LFS are packaged in place of their content (git lfs pull fetches it)",
    ),
    ...tell(
      hidden,
      "marked assume-unchanged: their content on disk is packaged, but git does not tell whether it was changed",
    ),
  ];
  return {
    files: [...files, ...submodules.flatMap((submodule) => submodule.files)],
    dirty: [...status.dirty, ...submodules.flatMap((submodule) => submodule.dirty)],
    untracked: [...status.untracked, ...submodules.flatMap((submodule) => submodule.untracked)],
    excluded: [...excluded, ...submodules.flatMap((submodule) => submodule.excluded)],
    submodules: submodules.flatMap((submodule) => submodule.submodules),
    warnings: [...warnings, ...submodules.flatMap((submodule) => submodule.warnings)],
  };
}

export function excludeMarked(
  entries: readonly Pick<IndexEntry, "path" | "mode">[],
  prefix: Uint8Array,
): readonly ExcludedPath[] {
  return entries.map(({ path, mode }) => {
    const inBundle = joinPath(prefix, path);
    const shown = mode === "160000" ? joinPath(inBundle, fromLatin1("")) : inBundle;
    return { path: shown, why: "export-ignore in .gitattributes" };
  });
}

export function tell(paths: readonly Uint8Array[], what: string): readonly string[] {
  return paths.length === 0 ? [] : [`${displayPaths(paths)}: ${what}`];
}

function refuseUnmerged({ top, index }: Repository): void {
  if (index.unmerged.length === 0) return;
  throw new PackagerError("PACKAGER_UNMERGED", `${top} has unmerged files: ${displayPaths(index.unmerged, 10)}`, {
    hint: "Resolve the conflict and git add them, or abort the merge.",
  });
}

async function lookAtEntries({ top, index, fileMode, symlinks }: Repository, options: TrackedOptions) {
  const { prefix, from, signal, exportIgnore } = options;
  const isMarked = exportIgnore ? await readExportIgnored(index.entries(), { ...options, directory: top }) : undefined;
  const look = createLook({ directory: top, prefix, from });
  const pause = createSlices(signal);
  const files: ListedFile[] = [];
  const absent: IndexEntry[] = [];
  const special: Uint8Array[] = [];
  const gitlinks: IndexEntry[] = [];
  const hidden: Uint8Array[] = [];
  const exportIgnored: IndexEntry[] = [];
  for (const entry of index.entries()) {
    if (isMarked?.(entry.path)) {
      exportIgnored.push(entry);
      continue;
    }
    if (entry.assumeUnchanged) hidden.push(entry.path);
    if (entry.mode === "160000") {
      gitlinks.push(entry);
      continue;
    }
    if (!isSafePath(latin1(entry.path))) throw unsafePath(top, entry.path);
    const seen = look(entry.path, fileMode && symlinks ? undefined : recordedKind(entry, { fileMode, symlinks }));
    if (typeof seen !== "string") files.push(seen);
    else if (seen === "special") special.push(entry.path);
    else absent.push(entry);
    const paused = pause();
    if (paused) await paused;
  }
  return { files, absent, special, gitlinks, hidden, exportIgnored };
}

function recordedKind({ mode }: IndexEntry, { fileMode, symlinks }: { fileMode: boolean; symlinks: boolean }) {
  return {
    ...(!fileMode && { isExecutable: mode === "100755" }),
    ...(!symlinks && { isSymlink: mode === "120000" }),
  };
}

function unsafePath(top: string, path: Uint8Array): PackagerError {
  return new PackagerError("PACKAGER_BAD_NAME", `${top} tracks a file that leads out of it: ${displayPath(path)}`, {
    hint: "Remove it from the index: git rm --cached",
  });
}

async function listSubmodule(
  repository: Repository,
  { path, objectId: recorded }: IndexEntry,
  options: TrackedOptions,
): Promise<TrackedFiles> {
  const directory = absolutePath(repository.top, path).toString();
  const inner = await openSubmodule(directory, options);
  const inBundle = joinPath(options.prefix, path);
  if (inner === undefined) return notInitialised({ path, inBundle, recorded });
  const from = `submodule ${displayPath(inBundle)}`;
  const tracked = await listTracked(inner, { ...options, prefix: inBundle, from });
  const { commit } = await inner.status;
  const within = (paths: readonly Uint8Array[]) => paths.map((name) => joinPath(path, name));
  const submodule: ListedSubmodule = {
    path: inBundle,
    recorded,
    ...(commit !== undefined && { commit }),
    dirty: tracked.dirty.length > 0,
  };
  return {
    ...tracked,
    dirty: within(tracked.dirty),
    untracked: within(tracked.untracked),
    submodules: [submodule, ...tracked.submodules],
  };
}

/** Git answers for the repository around a submodule's empty folder: that one is not meant. */
export async function openSubmodule(directory: string, options: RepositoryOptions): Promise<Repository | undefined> {
  const hasGit = createLook({ directory, prefix: fromLatin1(""), from: "" })(fromLatin1(".git")) !== "absent";
  return hasGit ? openRepository(directory, options) : undefined;
}

export function notInitialised(submodule: {
  readonly path: Uint8Array;
  readonly inBundle: Uint8Array;
  readonly recorded: string;
}): TrackedFiles {
  const name = displayPath(submodule.inBundle);
  return {
    files: [],
    dirty: [],
    untracked: [],
    excluded: [{ path: joinPath(submodule.inBundle, fromLatin1("")), why: "a submodule that is not initialised" }],
    submodules: [{ path: submodule.inBundle, recorded: submodule.recorded, dirty: false }],
    warnings: [
      `${name}: a submodule that is not initialised, left out (git submodule update --init --recursive ${name})`,
    ],
  };
}
