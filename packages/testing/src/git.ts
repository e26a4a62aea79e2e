import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { promisify } from "node:util";

import { writeFiles } from "./files.ts";
import type { FileSpec } from "./files.ts";

const execFileAsync = promisify(execFile);

export interface GitRepositoryOptions {
  /** Committed; none leaves the repository without a commit. */
  readonly files?: Readonly<Record<string, FileSpec>> | undefined;
  /** Further arguments for `git init`, such as `--object-format=sha256`. */
  readonly initArguments?: readonly string[] | undefined;
}

export interface GitRepository {
  readonly path: string;
  /** Runs the real git here; resolves with its standard output, rejects when it fails. */
  readonly git: (...args: readonly string[]) => Promise<string>;
}

/** A real repository made with the installed git, untouched by the user's own git configuration. */
export async function gitRepository(directory: string, options: GitRepositoryOptions = {}): Promise<GitRepository> {
  await mkdir(directory, { recursive: true });
  const git = (...args: readonly string[]) => runGit(directory, args);
  await git("init", "--quiet", "--initial-branch=main", ...(options.initArguments ?? []));
  if (options.files) {
    await writeFiles(directory, options.files);
    await git("add", "--all", "--force");
    await git("commit", "--quiet", "--message=Initial");
  }
  return { path: directory, git };
}

/** Git's answer in a directory, with a fixed identity and none of the machine's configuration. */
export async function runGit(directory: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execFileAsync("git", [...args], {
    cwd: directory,
    maxBuffer: 1 << 28,
    env: {
      PATH: process.env["PATH"],
      HOME: directory,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_AUTHOR_NAME: "Ada",
      GIT_AUTHOR_EMAIL: "ada@example.org",
      GIT_COMMITTER_NAME: "Ada",
      GIT_COMMITTER_EMAIL: "ada@example.org",
      GIT_AUTHOR_DATE: "2026-01-02T03:04:05Z",
      GIT_COMMITTER_DATE: "2026-01-02T03:04:05Z",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "protocol.file.allow",
      GIT_CONFIG_VALUE_0: "always",
    },
  });
  return stdout;
}
