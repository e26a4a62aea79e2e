import { statSync } from "node:fs";

import { PackagerError, systemCode } from "../error.ts";
import { gitEnvironment, gitFailed, gitOutput, runGit } from "./command.ts";
import type { GitOptions, GitResult } from "./command.ts";
import { isUnchangedLfsFile } from "./lfs.ts";
import { parseConfig, parseIndex, parseStatus } from "./parse.ts";
import type { Index, Status } from "./parse.ts";
import { readPatch } from "./patch.ts";
import type { PatchBase } from "./patch.ts";
import { readObjectId, readTree } from "./tree.ts";
import type { CommitTree } from "./tree.ts";

/** What git says about one repository, read without changing anything in it. */
export interface Repository extends UnlistedRepository {
  readonly index: Index;
}

/** The same of one whose files are known. */
export interface ComparedRepository extends UnlistedRepository {
  /** The names of tracked files whose size, times or mode are not those of the index, each with a zero byte after it. */
  readonly changed: Buffer;
}

export interface UnlistedRepository {
  /** Its top directory, absolute. */
  readonly top: string;
  /** False where the file system has no exec bits: the index tells them (`core.fileMode`). */
  readonly fileMode: boolean;
  /** False where links are checked out as files that hold their text (`core.symlinks`). */
  readonly symlinks: boolean;
  /** Started already; takes longer than the rest. */
  readonly status: Promise<RepositoryStatus>;
  /** The difference between a commit and the tracked files on disk, without submodules, as `git apply` reads it. */
  patch(base: PatchBase): Promise<string | undefined>;
  /** The object that an expression such as `HEAD:libs/x` names (gitrevisions(7)), if it is there. */
  objectId(expression: string): Promise<string | undefined>;
  /** The tree of a branch, tag or commit. */
  tree(ref: string): Promise<CommitTree>;
}

export interface RepositoryStatus extends Omit<Status, "changed"> {
  readonly remote?: string;
  /** Tracked files that differ from HEAD; relative to the top. */
  readonly dirty: readonly Uint8Array[];
}

export interface RepositoryOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/** What git was asked of a directory before it is known whether there is a repository. */
export interface AskedGit {
  readonly options: GitOptions;
  readonly settings: Promise<ReadonlyMap<string, string>>;
  readonly status: Promise<Buffer>;
  readonly place: Promise<GitResult>;
}

/** All that does not wait for another is started at once; what is needed to start the status comes first. */
export function askGit(directory: string, { env, signal }: RepositoryOptions): AskedGit {
  const options = { cwd: directory, env: gitEnvironment(env).env, signal };
  const settings = runGit(["config", "-z", "--list"], options).then(({ stdout }) => parseConfig(stdout));
  const status = settings.then((config) => gitOutput([...withoutFilters(config), ...statusArguments], options));
  status.catch(() => {}); // Whoever awaits the status hears of the failure; until then it is nobody's.
  const place = runGit(["rev-parse", "--is-bare-repository", "--is-inside-git-dir", "--show-toplevel"], options);
  return { options, settings, status, place };
}

/** The repository that a directory lies in, or undefined outside of any. */
export async function openRepository(
  directory: string,
  { env, signal }: RepositoryOptions,
  { options, settings, status, place } = askGit(directory, { env, signal }),
): Promise<Repository | undefined> {
  const answers = await Promise.all([settings, runGit(indexArguments, options), place]).catch((error: unknown) => {
    const isDirectory = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
    if (systemCode(error) === "ENOENT" && isDirectory) return undefined;
    throw isDirectory || signal?.aborted ? error : noDirectory(directory, error);
  });
  if (answers === undefined) {
    const { openWithoutGit } = await import("./without-git.ts");
    return openWithoutGit(directory, { env, signal });
  }
  const [config, listed, found] = answers;
  const top = readPlace(found, directory);
  if (top === undefined) return undefined;
  if (listed.exitCode !== 0) throw gitFailed(indexArguments, listed, directory);
  return { ...describeRepository(config, status, { ...options, cwd: top }), index: parseIndex(listed.stdout) };
}

/**
 * The same repository where a directory is its top, with what has changed in place of its files. Undefined where it is none, and
 * where anything fails: `openRepository` tells.
 */
export async function compareRepository(
  top: string,
  { options, settings, status, place }: AskedGit,
): Promise<ComparedRepository | undefined> {
  const atTop = { ...options, cwd: top };
  const comparison = settings.then((config) => runGit([...withoutFilters(config), ...changedArguments], atTop));
  const answers = await Promise.all([settings, comparison, place]).catch(() => undefined);
  options.signal?.throwIfAborted();
  if (answers === undefined) return undefined;
  const [config, compared, found] = answers;
  const isTop = found.exitCode === 0 && found.stdout.toString("utf8") === `false\nfalse\n${top}\n`;
  return isTop && compared.exitCode === 0
    ? { ...describeRepository(config, status, atTop), changed: compared.stdout }
    : undefined;
}

function describeRepository(
  config: ReadonlyMap<string, string>,
  output: Promise<Buffer>,
  atTop: GitOptions,
): UnlistedRepository {
  const status = readStatus(output, config, atTop);
  status.catch(() => {}); // As its output's.
  return {
    top: atTop.cwd,
    fileMode: config.get("core.filemode") !== "false",
    symlinks: config.get("core.symlinks") !== "false",
    status,
    patch: (base) => readPatch({ settings: withoutFilters(config), ...base, ...atTop }),
    objectId: (expression) => readObjectId(expression, atTop),
    tree: (ref) => readTree(ref, atTop),
  };
}

function noDirectory(directory: string, cause: unknown): PackagerError {
  return new PackagerError("PACKAGER_NOT_A_REPOSITORY", `There is no directory ${directory}`, {
    hint: "Run this in a directory that exists.",
    cause,
  });
}

const indexArguments = ["ls-files", "-s", "-v", "-z", "--full-name", "--", ":/"];
/**
 * Tells all whose stamps differ, whatever their content (git-diff-files(1), git-update-index(1), "--refresh"), by the strictest rules
 * that git has. What the configuration says of them does not count.
 */
const changedArguments = [
  "-c",
  "core.trustCTime=true",
  "-c",
  "core.checkStat=default",
  "diff-files",
  "-z",
  "--name-only",
  "--no-ext-diff",
];
/** Paths are relative to the top wherever it runs (git-status(1), "Porcelain Format Version 1" and 2). */
const statusArguments = [
  "status",
  "--porcelain=v2",
  "--branch",
  "-z",
  "--untracked-files=all",
  "--no-renames",
  "--no-ahead-behind",
  "--ignore-submodules=dirty",
];

function readPlace(result: Awaited<ReturnType<typeof runGit>>, directory: string): string | undefined {
  const [isBare, isInGitDirectory, ...topLines] = result.stdout.toString("utf8").split("\n");
  if (isBare === "true" || isInGitDirectory === "true") {
    const what = isBare === "true" ? "is a bare repository" : "lies inside git's own folder";
    throw new PackagerError("PACKAGER_BARE_REPOSITORY", `${directory} ${what}: there is no work tree to package`, {
      hint: "Run this in a clone or a work tree of it: git worktree add ../work",
    });
  }
  if (result.exitCode === 0) return topLines.slice(0, -1).join("\n");
  if (/^fatal: not a git repository \(or any/m.test(result.stderr)) return undefined;
  throw gitFailed(["rev-parse"], result, directory);
}

async function readStatus(
  output: Promise<Buffer>,
  config: ReadonlyMap<string, string>,
  options: GitOptions,
): Promise<RepositoryStatus> {
  const { changed, ...status } = parseStatus(await output);
  const dirty: Uint8Array[] = [];
  for (const entry of changed) {
    const isUnchanged =
      entry.onlyInWorktree && hasFilters(config) && (await isUnchangedLfsFile(options.cwd, entry, options.signal));
    if (!isUnchanged) dirty.push(entry.path);
  }
  const remote = config.get(`remote.${remoteName(config, status.branch)}.url`);
  return { ...status, ...(remote !== undefined && { remote }), dirty };
}

function remoteName(config: ReadonlyMap<string, string>, branch: string | undefined): string {
  const tracked = config.get(`branch.${branch}.remote`);
  return tracked !== undefined && config.has(`remote.${tracked}.url`) ? tracked : "origin";
}

const filterKey = /^filter\.(.+)\.(?:clean|smudge|process|required)$/s;

function hasFilters(config: ReadonlyMap<string, string>): boolean {
  return [...config.keys()].some((key) => filterKey.test(key));
}

/** Settings that keep git from running the programs that filters name (gitattributes(5), "filter"). */
function withoutFilters(config: ReadonlyMap<string, string>): readonly string[] {
  const names = new Set([...config.keys()].flatMap((key) => filterKey.exec(key)?.[1] ?? []));
  return [...names].flatMap((name) =>
    ["clean=", "smudge=", "process=", "required=false"].flatMap((setting) => ["-c", `filter.${name}.${setting}`]),
  );
}
