import { lstatSync } from "node:fs";

import type { Companion } from "@slipway/core";

import { findDirty, listCommitted, refuseDirty } from "./committed.ts";
import { listCompanionFiles } from "./companion-files.ts";
import type { CompanionFiles } from "./companion-files.ts";
import { locateCompanion } from "./companion.ts";
import { PackagerError } from "./error.ts";
import { gitEnvironment } from "./git/command.ts";
import type { Repository, RepositoryStatus } from "./git/repository.ts";
import { listIncluded } from "./included.ts";
import type { ListedCompanion, ListedFile } from "./listing.ts";
import type { PackageOptions } from "./options.ts";
import { fromLatin1 } from "./paths.ts";
import { listTracked } from "./tracked.ts";
import type { TrackedFiles } from "./tracked.ts";

/** All that the plan of a bundle is made from. */
export interface Gathered extends GatheredFacts {
  readonly repository?: GatheredRepository;
}

interface GatheredRepository extends RepositoryFacts {
  readonly opened: Repository;
}

interface RepositoryFacts {
  readonly tracked: TrackedFiles;
  readonly status: RepositoryStatus;
  /** The commit that is packaged in place of what lies on disk. */
  readonly commit?: string;
}

export interface GatheredFacts {
  /** The repository's top, or `cwd` outside of any. */
  readonly root: string;
  readonly repository?: RepositoryFacts;
  readonly companions: readonly (ListedCompanion & CompanionFiles)[];
  readonly included: readonly ListedFile[];
  /** Variables that would have shown git another repository. */
  readonly ignoredVariables: readonly string[];
}

/** Looks at the repository, the companions and what include patterns match. Reads no file's content. */
export async function gather(opened: Repository | undefined, options: PackageOptions): Promise<Gathered> {
  const { cwd, env, signal, companions = [], include = [] } = options;
  const root = opened?.top ?? cwd;
  if (!opened && companions.length === 0 && include.length === 0) throw notARepository(cwd);
  refuseSameNames(companions);
  const isCommit = options.code?.kind === "commit";
  if (!opened && isCommit) throw notARepository(cwd);
  if (!isCommit && opened?.index.size === 0 && opened.index.unmerged.length === 0 && include.length === 0) {
    throw nothingTracked(root);
  }
  const repository = opened && (await gatherRepository(opened, options));
  const gathered: (ListedCompanion & CompanionFiles)[] = [];
  for (const companion of companions) gathered.push(await gatherCompanion(companion, repository, options));
  const included = await listIncluded({
    directory: root,
    prefix: fromLatin1(""),
    patterns: include,
    from: "include",
    mustMatch: true,
    signal,
  });
  return {
    root,
    ...(repository && { repository }),
    companions: gathered,
    included,
    ignoredVariables: gitEnvironment(env).ignored,
  };
}

async function gatherRepository(
  opened: Repository,
  { env, signal, code, exportIgnore }: PackageOptions,
): Promise<GatheredRepository> {
  if (code?.kind === "commit") {
    const { ref = "HEAD", allowDirty = false } = code;
    const status = await opened.status;
    if (!allowDirty) refuseDirty(opened.top, await findDirty(opened, { env, signal }));
    const from = `commit ${ref}`;
    const tracked = await listCommitted(opened, { env, signal, ref, prefix: fromLatin1(""), from, exportIgnore });
    return { tracked, status, opened, commit: tracked.commit };
  }
  const tracked = await listTracked(opened, { env, signal, prefix: fromLatin1(""), from: "tracked", exportIgnore });
  return { tracked, status: await opened.status, opened };
}

async function gatherCompanion(
  companion: Companion,
  repository: GatheredRepository | undefined,
  { cwd, env, signal, exportIgnore }: PackageOptions,
): Promise<ListedCompanion & CompanionFiles> {
  const { name } = companion;
  if (repository !== undefined && isInside(name, repository)) {
    const directory = `${repository.opened.top}/${name}`;
    const files = await listIncluded({
      directory,
      prefix: Buffer.from(name),
      patterns: companion.include ?? [],
      from: `companion ${name}, include`,
      mustMatch: false,
      signal,
    });
    return { name, directory, inside: true, files, excluded: [], warnings: [] };
  }
  const directory = await locateCompanion(companion, { cwd, env, signal });
  const files = await listCompanionFiles(companion, { cwd, env, signal, directory, exportIgnore });
  return { name, directory, inside: false, ...files };
}

/** Whether the repository's top, on disk or in the commit that is packaged, has a directory of this name. */
function isInside(name: string, { opened: { top }, tracked, commit }: GatheredRepository): boolean {
  const bytes = Buffer.from(name);
  const stat = commit === undefined ? lstatSync(`${top}/${name}`, { throwIfNoEntry: false }) : undefined;
  const isFile = commit !== undefined && tracked.files.some((file) => bytes.equals(file.path));
  const start = Buffer.from(`${name}/`);
  const isDirectory =
    commit !== undefined && tracked.files.some((file) => start.equals(file.path.subarray(0, start.length)));
  if (stat?.isDirectory() || isDirectory) return true;
  if (stat === undefined && !isFile) return false;
  throw new PackagerError(
    "PACKAGER_CLASH",
    `The repository ${top} has a file ${name} where the companion ${name} would lie`,
    {
      hint: "Rename the file, or leave the companion out of the configuration.",
    },
  );
}

function refuseSameNames(companions: readonly Companion[]): void {
  const names = companions.map((companion) => companion.name);
  const repeated = names.find((name, position) => names.indexOf(name) !== position);
  if (repeated === undefined) return;
  throw new PackagerError("PACKAGER_CLASH", `Two companions are called ${repeated}`, {
    hint: "A companion's name is its directory in the bundle: give each its own.",
  });
}

function notARepository(cwd: string): PackagerError {
  return new PackagerError(
    "PACKAGER_NOT_A_REPOSITORY",
    `${cwd} is not in a git repository, and there is no companion to package`,
    {
      hint: "Make it one (git init, git add), or configure a companion, whose code is packaged anywhere.",
    },
  );
}

function nothingTracked(top: string): PackagerError {
  return new PackagerError("PACKAGER_EMPTY", `Git tracks no file in ${top}`, {
    hint: "Only tracked files are packaged: git add the ones you need. A commit is not necessary.",
  });
}
