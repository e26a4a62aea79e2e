import path from "node:path";

import { stripUrlCredentials } from "@slipway/core";
import type { CodeSource } from "@slipway/core";

import { PackagerError } from "./error.ts";
import type { Gathered, GatheredFacts } from "./gather.ts";
import { globText } from "./globs.ts";
import type { Glob } from "./globs.ts";
import { findIgnoreRule, ignoreFileName } from "./ignore.ts";
import type { IgnoreRule } from "./ignore.ts";
import type { ExcludedPath, ListedFile, Listing } from "./listing.ts";
import { displayPath, displayPaths, latin1 } from "./paths.ts";
import { planWarnings } from "./warnings.ts";

export interface PlanOptions {
  readonly exclude: readonly Glob[];
  readonly ignore: readonly IgnoreRule[];
  readonly maxBytes: number;
}

/** Decides what is packaged, by which rule, and what stays behind. Pure. Throws PACKAGER_CLASH, PACKAGER_EMPTY, PACKAGER_SUBMODULE_MISSING. */
export function planListing(gathered: Gathered, options: PlanOptions): Listing {
  const { root, repository, companions } = gathered;
  const all = [
    ...(repository?.tracked.files ?? []),
    ...companions.flatMap((companion) => companion.files),
    ...gathered.included,
  ];
  refuseMissing(gathered, options);
  const { kept, dropped } = applyExcludes(sortAndMerge(all), options);
  if (kept.length === 0) {
    throw new PackagerError("PACKAGER_EMPTY", `There is nothing to package in ${root}`, {
      hint: "See what was left out, and why: slipway package --explain",
    });
  }
  const left = [...(repository?.tracked.excluded ?? []), ...companions.flatMap((companion) => companion.excluded)];
  const added = [...gathered.included, ...companions.flatMap((companion) => companion.files)];
  const paths = new Set(added.map((file) => latin1(file.path)));
  return {
    rule: chooseRule(gathered),
    root,
    files: kept,
    untracked: (repository?.tracked.untracked ?? []).filter((file) => !paths.has(latin1(file))),
    excluded: [...left.filter((file) => !paths.has(latin1(file.path))), ...dropped],
    dirtyFiles: repository?.tracked.dirty ?? [],
    warnings: planWarnings(gathered, kept, { bytes: totalBytes(kept), maxBytes: options.maxBytes }),
    companions: companions.map(({ name, directory, inside }) => ({ name, directory, inside })),
    submodules: repository?.tracked.submodules ?? [],
    source: describeSource(gathered),
  };
}

/** A commit is packaged whole: of a submodule that is not there nothing could be. Patterns may leave it out. */
function refuseMissing({ root, repository }: Gathered, { exclude, ignore }: PlanOptions): void {
  if (repository?.commit === undefined) return;
  const missing = repository.tracked.submodules
    .filter(({ path: name, commit }) => {
      const text = globText(name);
      const isLeftOut = exclude.some((glob) => glob.matches(text)) || findIgnoreRule(ignore, `${text}/`) !== undefined;
      return commit === undefined && !isLeftOut;
    })
    .map((submodule) => displayPath(submodule.path));
  if (missing.length === 0) return;
  throw new PackagerError(
    "PACKAGER_SUBMODULE_MISSING",
    `The commit ${repository.commit} of ${root} has submodules that are not initialised: ${displayPaths(missing, 10)}`,
    {
      hint: `Fetch them: git submodule update --init --recursive ${missing.join(" ")}. Or leave them out with an exclude pattern.`,
    },
  );
}

function chooseRule({ repository, companions }: GatheredFacts): 1 | 2 | 3 {
  if (repository === undefined) return 3;
  return companions.every((companion) => companion.inside) ? 1 : 2;
}

export function describeSource(gathered: GatheredFacts): CodeSource {
  const { root, repository } = gathered;
  const rule = chooseRule(gathered);
  if (repository === undefined) return { rule, root, dirty: false };
  const { branch, remote } = repository.status;
  const commit = repository.commit ?? repository.status.commit;
  const isHead = commit === repository.status.commit;
  return {
    rule,
    root,
    ...(commit !== undefined && { commit }),
    ...(branch !== undefined && isHead && { branch }),
    ...(remote !== undefined && { remote: stripUrlCredentials(remote) }),
    dirty: commit === undefined || repository.tracked.dirty.length > 0,
  };
}

function totalBytes(files: readonly ListedFile[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}

/** By the bytes of the paths. Of the same file listed twice, the first stays and tells why it is there. */
function sortAndMerge(files: readonly ListedFile[]): readonly ListedFile[] {
  const isInOrder = files.every((file, position) => {
    const before = files[position - 1];
    return before === undefined || Buffer.compare(before.path, file.path) < 0;
  });
  if (isInOrder) return files;
  const sorted = files.toSorted((a, b) => Buffer.compare(a.path, b.path));
  return sorted.filter((file, position) => {
    const before = sorted[position - 1];
    if (before === undefined || Buffer.compare(before.path, file.path) !== 0) return true;
    if (before.source.toString() === file.source.toString()) return false;
    throw clash(file.path, `${before.from} and ${file.from} both have ${displayPath(file.path)}`);
  });
}

function clash(file: Uint8Array, message: string): PackagerError {
  return new PackagerError("PACKAGER_CLASH", message, {
    hint: `Leave one of them out: exclude ${displayPath(file)}, or rename the companion ${path.posix.dirname(displayPath(file)).split("/")[0]}.`,
  });
}

function applyExcludes(files: readonly ListedFile[], { exclude, ignore }: PlanOptions) {
  if (exclude.length + ignore.length === 0) return { kept: files, dropped: [] };
  const kept: ListedFile[] = [];
  const dropped: ExcludedPath[] = [];
  for (const file of files) {
    const text = globText(file.path);
    const glob = exclude.find((candidate) => candidate.matches(text));
    const rule = findIgnoreRule(ignore, text);
    if (glob !== undefined) dropped.push({ path: file.path, why: `exclude ${glob.pattern}` });
    else if (rule !== undefined) dropped.push({ path: file.path, why: `${ignoreFileName}: ${rule.line}` });
    else kept.push(file);
  }
  return { kept, dropped };
}
