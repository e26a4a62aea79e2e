import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";

import { systemCode } from "../error.ts";
import { fromLatin1, latin1, parentPath } from "../paths.ts";
import { gitEnvironment, gitOutput } from "./command.ts";
import type { GitOptions } from "./command.ts";
import { needsGit } from "./needs-git.ts";
import type { IndexEntry } from "./parse.ts";
import type { RepositoryOptions } from "./repository.ts";

export interface ExportIgnoreOptions extends RepositoryOptions {
  /** The directory that the paths are relative to; absolute. */
  readonly directory: string;
  /** The commit whose attributes count; those on disk when absent. */
  readonly commit?: string | undefined;
}

/**
 * Whether an attribute leaves a file or submodule out of archives, its own or that of a directory above it (git-archive(1),
 * "ATTRIBUTES"). Only git answers that exactly: PACKAGER_NEEDS_GIT where there is none.
 */
export async function readExportIgnored(
  entries: Iterable<Pick<IndexEntry, "path" | "mode">>,
  { directory, commit, env, signal }: ExportIgnoreOptions,
): Promise<(path: Uint8Array) => boolean> {
  const options: GitOptions = { cwd: directory, env: gitEnvironment(env).env, signal };
  const stdin = fromLatin1([...askedPaths(entries)].map((name) => `${name}\0`).join(""));
  const answer =
    commit === undefined
      ? gitOutput(checkArguments, { ...options, stdin })
      : withIndexOf(commit, options, (withIndex) =>
          gitOutput([...checkArguments, "--cached"], { ...withIndex, stdin }),
        );
  const marked = parseMarked(
    await answer.catch((error: unknown) => {
      if (systemCode(error) !== "ENOENT") throw error;
      throw needsGit(directory, "what is marked export-ignore is to be left out", error);
    }),
  );
  return (file) => marked.size > 0 && isMarked(latin1(file), marked);
}

const checkArguments = ["check-attr", "--stdin", "-z", "export-ignore"];

/** Every path and every directory above it, one character a byte; directories and submodules end in a slash, as git archive asks. */
function askedPaths(entries: Iterable<Pick<IndexEntry, "path" | "mode">>): ReadonlySet<string> {
  const asked = new Set<string>();
  for (const entry of entries) {
    const file = latin1(entry.path);
    asked.add(entry.mode === "160000" ? `${file}/` : file);
    for (let parent = parentPath(file); parent !== "" && !asked.has(`${parent}/`); parent = parentPath(parent)) {
      asked.add(`${parent}/`);
    }
  }
  return asked;
}

/** Reads `git check-attr -z`: `<path>\0<attribute>\0<value>\0` (git-check-attr(1), "OUTPUT"). */
function parseMarked(stdout: Buffer): ReadonlySet<string> {
  const fields = latin1(stdout).split("\0");
  const marked = new Set<string>();
  for (let at = 0; at + 2 < fields.length; at += 3) {
    if (fields[at + 2] === "set") marked.add(fields[at] ?? "");
  }
  return marked;
}

function isMarked(file: string, marked: ReadonlySet<string>): boolean {
  if (marked.has(file)) return true;
  for (let directory = file; directory !== ""; directory = parentPath(directory)) {
    if (marked.has(`${directory}/`)) return true;
  }
  return false;
}

/** Gives git an index of a commit in a folder of its own: older gits read the attributes of a commit from nowhere else. */
async function withIndexOf<T>(
  commit: string,
  options: GitOptions,
  use: (options: GitOptions) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(options.env["TMPDIR"] ?? "/tmp", "slipway-"));
  try {
    const withIndex = { ...options, env: { ...options.env, GIT_INDEX_FILE: path.join(folder, "index") } };
    await gitOutput(["read-tree", commit], withIndex);
    return await use(withIndex);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
