import fs from "node:fs";
import path from "node:path";

import { PackagerError } from "../error.ts";
import { needsGit } from "./needs-git.ts";
import type { IndexEntry } from "./parse.ts";
import type { Repository, RepositoryOptions } from "./repository.ts";
import { readStatusWithoutGit } from "./without-git-status.ts";

/** A line of the index, as isomorphic-git reads it and this reader has checked it. */
export interface PlainEntry {
  readonly path: string;
  readonly mode: IndexEntry["mode"];
  readonly oid: string;
  readonly skipWorktree: boolean;
  readonly assumeUnchanged: boolean;
  readonly intentToAdd: boolean;
}

/**
 * The repository that a directory lies in, read where no git is installed. It is read exactly or, with PACKAGER_NEEDS_GIT and
 * the reason, not at all.
 */
export async function openWithoutGit(
  directory: string,
  { signal }: RepositoryOptions,
): Promise<Repository | undefined> {
  const top = findTop(directory);
  if (top === undefined) return undefined;
  const gitdir = `${top}/.git`;
  refuseUnreadable(top, gitdir);
  const { default: git } = await import("isomorphic-git");
  const setting = async (key: string): Promise<unknown> => git.getConfig({ fs, dir: top, path: key });
  for (const key of [
    "core.worktree",
    "extensions.objectformat",
    "extensions.worktreeconfig",
    "extensions.refstorage",
  ]) {
    if ((await setting(key)) !== undefined) throw needsGit(top, `its configuration sets ${key}`);
  }
  const { entries, unmerged } = await readEntries(top, gitdir);
  const fileMode = !isOff(await setting("core.filemode"));
  const symlinks = !isOff(await setting("core.symlinks"));
  const converts = (await setting("core.autocrlf")) !== undefined || (await setting("core.eol")) !== undefined;
  const status = readStatusWithoutGit({ top, entries, fileMode, symlinks, converts, signal });
  status.catch(() => {}); // Whoever awaits it hears of the failure.
  return {
    top,
    index: {
      size: entries.length,
      *entries() {
        for (const { oid, ...entry } of entries) yield { ...entry, path: Buffer.from(entry.path), objectId: oid };
      },
      unmerged: unmerged.map((name) => Buffer.from(name)),
    },
    fileMode,
    symlinks,
    status,
    patch: async () => undefined,
    objectId: async () => undefined,
    tree: async () => {
      throw needsGit(top, "a commit is to be packaged");
    },
  };
}

/** As git-config(1) spells it, "boolean"; isomorphic-git knows only some of these keys to be booleans. */
function isOff(value: unknown): boolean {
  return value === false || (typeof value === "string" && /^(?:false|no|off|0|)$/i.test(value));
}

function findTop(directory: string): string | undefined {
  for (let place = fs.realpathSync(directory); ; place = path.dirname(place)) {
    if (
      path.basename(place) === ".git" ||
      ["HEAD", "objects", "refs"].every((name) => fs.existsSync(`${place}/${name}`))
    ) {
      throw new PackagerError(
        "PACKAGER_BARE_REPOSITORY",
        `${directory} lies in git's own folder or a bare repository`,
        {
          hint: "Run this in a work tree.",
        },
      );
    }
    if (fs.lstatSync(`${place}/.git`, { throwIfNoEntry: false })) return place;
    if (place === path.dirname(place)) return undefined;
  }
}

function refuseUnreadable(top: string, gitdir: string): void {
  if (!fs.lstatSync(gitdir).isDirectory())
    throw needsGit(top, "its git folder lies elsewhere (a work tree or submodule)");
  if (fs.readdirSync(gitdir).some((name) => name.startsWith("sharedindex."))) throw needsGit(top, "its index is split");
  if (fs.existsSync(`${gitdir}/objects/info/alternates`)) throw needsGit(top, "it borrows objects from another one");
  if (fs.existsSync(`${gitdir}/refs/replace`)) throw needsGit(top, "it has replaced commits");
}

async function readEntries(top: string, gitdir: string) {
  if (!fs.existsSync(`${gitdir}/index`)) return { entries: [], unmerged: [] };
  const [{ GitIndexManager }, { FileSystem }] = await Promise.all([
    import("isomorphic-git/managers"),
    import("isomorphic-git/models"),
  ]);
  const wrapped: never = new FileSystem(fs) as never; // Its own type does not say that this is what it asks for.
  const read = (index: { readonly entries: unknown; readonly unmergedPaths: unknown }) => index;
  const found: { entries: unknown; unmergedPaths: unknown } = await GitIndexManager.acquire(
    { fs: wrapped, gitdir, cache: {} },
    read,
  ).catch((error: unknown) => {
    throw needsGit(top, "its index is of a kind that only git reads", error);
  });
  if (!Array.isArray(found.entries) || !Array.isArray(found.unmergedPaths)) throw new TypeError("No index was read");
  const unmerged = found.unmergedPaths.map(String);
  return { entries: found.entries.map((entry) => parseEntry(top, entry)), unmerged };
}

function parseEntry(top: string, entry: unknown): PlainEntry {
  if (!isRawEntry(entry)) throw new TypeError("An entry of the index is not as isomorphic-git describes it");
  const mode = entry.mode.toString(8);
  if (entry.path.includes("\uFFFD")) throw needsGit(top, "it has a name that is not UTF-8");
  if (mode === "160000") throw needsGit(top, `it has a submodule, ${entry.path}`);
  if (mode !== "100644" && mode !== "100755" && mode !== "120000") throw needsGit(top, "its index is sparse");
  const { skipWorktree, assumeValid, intentToAdd } = entry.flags;
  return { path: entry.path, mode, oid: entry.oid, skipWorktree, assumeUnchanged: assumeValid, intentToAdd };
}

interface RawEntry {
  readonly path: string;
  readonly oid: string;
  readonly mode: number;
  readonly flags: { readonly skipWorktree: boolean; readonly assumeValid: boolean; readonly intentToAdd: boolean };
}

function isRawEntry(entry: unknown): entry is RawEntry {
  if (typeof entry !== "object" || entry === null || !("flags" in entry) || !("path" in entry)) return false;
  const hasNames = typeof entry.path === "string" && "oid" in entry && typeof entry.oid === "string";
  const hasMode = "mode" in entry && typeof entry.mode === "number";
  return (
    hasNames && hasMode && typeof entry.flags === "object" && entry.flags !== null && "skipWorktree" in entry.flags
  );
}
