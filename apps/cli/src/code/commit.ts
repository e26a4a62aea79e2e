import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { isSlipwayError } from "@slipway/core";
import type { Bundle, ExperimentRecord, Transport } from "@slipway/core";

import type { Context } from "../context.ts";
import { packageOptions } from "../packaging.ts";
import { loadProject, repositoryTop } from "../project.ts";

export interface PackedCommit extends AsyncDisposable {
  /** Reads from a clone, which goes when this is disposed. */
  readonly bundle: Bundle;
}

/** Packages a run's recorded commit and patch again; why that does not give the run's exact code, in words, where it does not. */
export async function packRecordedCommit(record: ExperimentRecord, context: Context): Promise<PackedCommit | string> {
  const { commit, dirty, patch, root, remote } = record.code;
  if (commit === undefined) return "it was no commit's";
  if (dirty && patch === undefined) return `it was commit ${commit} with changes of which no patch was recorded`;
  const { openLocalTransport } = await import("@slipway/transport-local");
  const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, GIT_INDEX_FILE: _index, ...env } = context.env;
  await using transport = openLocalTransport({ env });
  const git = gitOf(transport, context);
  const repositories = new Set([root, repositoryTop(context.cwd) ?? root]);
  for (const repository of repositories) {
    if (await git(["-C", repository, "cat-file", "-e", `${commit}^{commit}`])) continue;
    const folder = await realpath(await mkdtemp(path.join(tmpdir(), "slipway-code-")));
    const dispose = () => rm(folder, { recursive: true, force: true });
    try {
      const why = await checkOut(path.join(folder, "code"), { git, repository, commit, patch });
      const bundle = why ?? (await packClone(path.join(folder, "code"), record, { ...context, env }));
      if (typeof bundle !== "string") return { bundle, [Symbol.asyncDispose]: dispose };
      await dispose();
      return bundle;
    } catch (error) {
      await dispose();
      throw error;
    }
  }
  return `no repository here has its commit ${commit}${remote === undefined ? "" : `; fetch it from ${remote}`}`;
}

/** Undefined when git has done it; what git said when not. */
type Git = (argv: readonly string[], stdin?: string) => Promise<string | undefined>;

function gitOf(transport: Transport, { signal }: Context): Git {
  return async (argv, stdin) => {
    const { exitCode, stderr } = await transport.exec(["git", "-c", "core.hooksPath=/dev/null", ...argv], {
      stdin,
      signal,
    });
    return exitCode === 0 ? undefined : stderr.trim() || `git ended with ${String(exitCode)}`;
  };
}

interface Wanted {
  readonly git: Git;
  readonly repository: string;
  readonly commit: string;
  readonly patch: string | undefined;
}

/** A clone shares the objects: nothing of the repository itself is changed. */
async function checkOut(directory: string, { git, repository, commit, patch }: Wanted): Promise<string | undefined> {
  const steps: readonly (readonly [argv: readonly string[], stdin?: string])[] = [
    [["clone", "--quiet", "--shared", "--no-checkout", "--", repository, directory]],
    [["-C", directory, "checkout", "--quiet", "--detach", commit]],
    ...(patch === undefined ? [] : [[["-C", directory, "apply", "--index", "--binary", "-"], patch] as const]),
  ];
  for (const [argv, stdin] of steps) {
    const said = await git(argv, stdin);
    if (said !== undefined) return `git cannot bring it back from ${repository}: ${said}`;
  }
  return undefined;
}

async function packClone(directory: string, record: ExperimentRecord, context: Context): Promise<Bundle | string> {
  const { code, cwd } = record;
  const below = path.relative(code.root, cwd);
  const inClone = { ...context, cwd: below.startsWith("..") ? directory : path.join(directory, below) };
  try {
    const { packBundle } = await import("@slipway/packager");
    const bundle = await packBundle(packageOptions({ project: await loadProject(inClone) }, inClone));
    if (bundle.digest === code.digest) return bundle;
    return `commit ${code.commit ?? ""} and its patch give ${bundle.digest.slice(0, 12)}, not ${code.digest.slice(0, 12)}; files that git does not track, or a companion as it was then, were part of it`;
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    return `its commit cannot be packaged here: ${error.message}`;
  }
}
