import { createHash } from "node:crypto";
import fs from "node:fs";

import { createLook } from "../disk.ts";
import type { ListedFile } from "../listing.ts";
import { fromLatin1, latin1 } from "../paths.ts";
import { walk } from "../walk.ts";
import { needsGit } from "./needs-git.ts";
import type { RepositoryStatus } from "./repository.ts";
import type { PlainEntry } from "./without-git.ts";

export interface PlainRepository {
  readonly top: string;
  readonly entries: readonly PlainEntry[];
  readonly fileMode: boolean;
  readonly symlinks: boolean;
  /** Settings turn line ends: content on disk need not be what git stores. */
  readonly converts: boolean;
  readonly signal: AbortSignal | undefined;
}

/** What `git status` would say, from HEAD's tree, the index and the content on disk; times are not trusted. */
export async function readStatusWithoutGit(repository: PlainRepository): Promise<RepositoryStatus> {
  const { top } = repository;
  const { default: git } = await import("isomorphic-git");
  const commit = await git.resolveRef({ fs, dir: top, ref: "HEAD" }).catch(() => undefined);
  const branch = await git.currentBranch({ fs, dir: top, test: false });
  const remote: unknown = await git.getConfig({ fs, dir: top, path: "remote.origin.url" });
  const head = commit === undefined ? new Map<string, string>() : await readHead(top, commit);
  return {
    ...(commit !== undefined && { commit }),
    ...(typeof branch === "string" && { branch }),
    ...(typeof remote === "string" && { remote }),
    dirty: findDirty(repository, head),
    untracked: await findUntracked(repository),
  };
}

/** Mode and object id by path. */
async function readHead(top: string, commit: string): Promise<ReadonlyMap<string, string>> {
  const { default: git } = await import("isomorphic-git");
  const files = new Map<string, string>();
  const visit = async (directory: string, oid: string): Promise<void> => {
    const { tree } = await git.readTree({ fs, dir: top, oid });
    for (const { mode, path: name, oid: entry, type } of tree) {
      if (type === "tree") await visit(`${directory}${name}/`, entry);
      else files.set(directory + name, `${mode} ${entry}`);
    }
  };
  await visit("", commit).catch((error: unknown) => {
    throw needsGit(top, "an object of its last commit is missing or of a kind that only git reads", error);
  });
  return files;
}

function findDirty(repository: PlainRepository, head: ReadonlyMap<string, string>): readonly Uint8Array[] {
  const { top, entries, fileMode, symlinks } = repository;
  const look = createLook({ directory: top, prefix: fromLatin1(""), from: "" });
  const tracked = new Set(entries.map((entry) => entry.path));
  const dirty = new Set([...head.keys()].filter((name) => !tracked.has(name)));
  for (const entry of entries) {
    const { path, mode, oid } = entry;
    const isHidden = entry.assumeUnchanged || entry.skipWorktree;
    const recorded = {
      ...(!fileMode && { isExecutable: mode === "100755" }),
      ...(!symlinks && { isSymlink: mode === "120000" }),
    };
    const isChanged = () => !isSame(repository, entry, look(Buffer.from(path), recorded));
    if (entry.intentToAdd || head.get(path) !== `${mode} ${oid}` || (!isHidden && isChanged())) dirty.add(path);
  }
  return [...dirty].map((name) => Buffer.from(name)).toSorted((a, b) => Buffer.compare(a, b));
}

function isSame(repository: PlainRepository, { mode, oid, path }: PlainEntry, seen: ListedFile | string): boolean {
  if (typeof seen === "string") return false;
  const content = seen.target ?? fs.readFileSync(seen.source);
  const isUnchanged = blobId(content) === oid;
  if (!isUnchanged && seen.kind === "file" && mode !== "120000") refuseConversions(repository, path);
  const seenMode = seen.kind === "symlink" ? "120000" : seen.mode === 0o755 ? "100755" : "100644";
  return isUnchanged && seenMode === mode;
}

function blobId(content: Uint8Array): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

/** What differs may be what git converts on the way (gitattributes(5)), which only git can tell. */
function refuseConversions({ top, entries, converts }: PlainRepository, path: string): void {
  const hasAttributes =
    fs.existsSync(`${top}/.git/info/attributes`) ||
    entries.some((entry) => /(?:^|\/)\.gitattributes$/.test(entry.path));
  if (converts || hasAttributes) throw needsGit(top, `its attributes or settings may convert ${path}`);
}

async function findUntracked({ top, entries, signal }: PlainRepository): Promise<readonly Uint8Array[]> {
  const { default: git } = await import("isomorphic-git");
  const tracked = new Set(entries.map((entry) => latin1(Buffer.from(entry.path))));
  const nested: Uint8Array[] = [];
  const skip = (name: Uint8Array): boolean => {
    const text = Buffer.from(name).toString("utf8");
    if (text === ".git/" || !text.endsWith("/")) return text === ".git/";
    if (!fs.existsSync(`${top}/${text}.git`)) return false;
    nested.push(name);
    return true;
  };
  const untracked = (await walk(top, { skip, signal })).filter((name) => !tracked.has(latin1(name)));
  const kept: Uint8Array[] = [];
  for (const name of [...untracked, ...nested]) {
    const filepath = Buffer.from(name).toString("utf8").replace(/\/$/, "");
    if (!(await git.isIgnored({ fs, dir: top, filepath }))) kept.push(name);
  }
  return kept.toSorted((a, b) => Buffer.compare(a, b));
}
