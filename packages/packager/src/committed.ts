import { PackagerError } from "./error.ts";
import { openBlobs } from "./git/blobs.ts";
import type { Blobs } from "./git/blobs.ts";
import { readExportIgnored } from "./git/export-ignore.ts";
import { findLfsPointers } from "./git/lfs.ts";
import type { Repository, RepositoryOptions } from "./git/repository.ts";
import type { TreeEntry } from "./git/tree.ts";
import type { ListedFile } from "./listing.ts";
import { absolutePath, displayPath, displayPaths, isSafePath, joinPath, latin1 } from "./paths.ts";
import { excludeMarked, notInitialised, openSubmodule, tell } from "./tracked.ts";
import type { TrackedFiles, TrackedOptions } from "./tracked.ts";

export interface CommittedOptions extends TrackedOptions {
  /** A branch, tag or commit. */
  readonly ref: string;
}

export interface CommittedFiles extends TrackedFiles {
  readonly commit: string;
}

/** The files of a commit exactly as git stores them, submodules at the commits that it records. What lies on disk does not count. */
export async function listCommitted(repository: Repository, options: CommittedOptions): Promise<CommittedFiles> {
  await using blobs = openBlobs(options);
  return listTree(repository, { ...options, blobs });
}

interface TreeOptions extends CommittedOptions {
  readonly blobs: Blobs;
}

async function listTree(repository: Repository, options: TreeOptions): Promise<CommittedFiles> {
  const { commit, entries } = await repository.tree(options.ref);
  const files: ListedFile[] = [];
  const submodules: TrackedFiles[] = [];
  const exportIgnored: TreeEntry[] = [];
  const isMarked = options.exportIgnore
    ? await readExportIgnored(entries, { ...options, directory: repository.top, commit })
    : undefined;
  for (const entry of entries) {
    if (!isSafePath(latin1(entry.path))) {
      throw new PackagerError(
        "PACKAGER_BAD_NAME",
        `${commit} holds a file that leads out of it: ${displayPath(entry.path)}`,
      );
    }
    if (isMarked?.(entry.path)) exportIgnored.push(entry);
    else if (entry.mode === "160000") submodules.push(await listSubmoduleTree(repository, entry, options));
    else files.push(await listBlob(repository.top, entry, options));
  }
  const { untracked } = await repository.status;
  return {
    commit,
    files: [...files, ...submodules.flatMap((submodule) => submodule.files)],
    dirty: [],
    untracked,
    excluded: [
      ...excludeMarked(exportIgnored, options.prefix),
      ...submodules.flatMap((submodule) => submodule.excluded),
    ],
    submodules: submodules.flatMap((submodule) => submodule.submodules),
    warnings: [
      ...tell(
        await findLfsPointers(files, options.blobs),
        "pointers of Git LFS, which a commit holds in place of their content (what git lfs pull fetched comes along with the tracked files only)",
      ),
      ...submodules.flatMap((submodule) => submodule.warnings),
    ],
  };
}

const noStamp = { mtimeMs: 0, ctimeMs: 0, inode: 0 };

async function listBlob(
  top: string,
  { path, mode, objectId, size }: TreeEntry,
  { prefix, from, blobs }: TreeOptions,
): Promise<ListedFile> {
  const stored = { repository: top, objectId };
  const common = { path: joinPath(prefix, path), source: absolutePath(top, path), from, stamp: noStamp, stored };
  if (mode !== "120000") return { ...common, kind: "file", mode: mode === "100755" ? 0o755 : 0o644, size };
  const parts: Buffer[] = [];
  for await (const part of blobs.read(stored)) parts.push(part);
  return { ...common, kind: "symlink", mode: 0o777, size: 0, target: Buffer.concat(parts) };
}

async function listSubmoduleTree(
  repository: Repository,
  { path, objectId: recorded }: TreeEntry,
  options: TreeOptions,
): Promise<TrackedFiles> {
  const inBundle = joinPath(options.prefix, path);
  const inner = await openSubmodule(absolutePath(repository.top, path).toString(), options);
  if (inner === undefined) return notInitialised({ path, inBundle, recorded });
  const from = `submodule ${displayPath(inBundle)}`;
  const tree = await listTree(inner, { ...options, prefix: inBundle, from, ref: recorded });
  return { ...tree, submodules: [{ path: inBundle, recorded, commit: recorded, dirty: false }, ...tree.submodules] };
}

/** Tracked files that differ from HEAD, in the repository or, at their full path, in a submodule of it. */
export async function findDirty(
  { top, index, status }: Repository,
  options: RepositoryOptions,
): Promise<readonly Uint8Array[]> {
  const dirty = [...(await status).dirty];
  for (const { mode, path } of index.entries()) {
    if (mode !== "160000") continue;
    const inner = await openSubmodule(absolutePath(top, path).toString(), options);
    if (inner) dirty.push(...(await findDirty(inner, options)).map((name) => joinPath(path, name)));
  }
  return dirty;
}

/** Throws PACKAGER_DIRTY with the names of what differs from HEAD. */
export function refuseDirty(top: string, dirty: readonly Uint8Array[]): void {
  if (dirty.length === 0) return;
  throw new PackagerError(
    "PACKAGER_DIRTY",
    `${top} has changes that a commit does not hold: ${displayPaths(dirty, 10)}`,
    {
      hint: "Commit or stash them, package the tracked files as they are, or say that they may stay behind.",
    },
  );
}
