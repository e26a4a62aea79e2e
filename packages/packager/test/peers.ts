import { chmod } from "node:fs/promises";

import type { Companion } from "@slipway/core";
import { gitRepository, runGit } from "@slipway/testing";
import type { GitRepository } from "@slipway/testing";

import { env, execFileAsync, script } from "./helpers.ts";

/** A repository with a submodule at `third_party/outer` that has one itself, at `deps/inner`. */
export async function withSubmodules(folder: string): Promise<GitRepository> {
  await gitRepository(`${folder}/inner`, { files: { "inner.txt": "inner v1\n", "gone.txt": "only in v1\n" } });
  await gitRepository(`${folder}/outer`, { files: { "outer.txt": "outer\n" } });
  await runGit(`${folder}/outer`, ["submodule", "--quiet", "add", `${folder}/inner`, "deps/inner"]);
  await runGit(`${folder}/outer`, ["commit", "-qm", "inner"]);
  const repository = await gitRepository(`${folder}/mine`, { files: { "a.txt": "a\n" } });
  await repository.git("submodule", "--quiet", "add", `${folder}/outer`, "third_party/outer");
  await repository.git("submodule", "--quiet", "update", "--init", "--recursive");
  await repository.git("commit", "-qm", "outer");
  return repository;
}

export const innerPath = "third_party/outer/deps/inner";

export const submodulePaths = [
  ".gitmodules",
  "a.txt",
  "third_party/outer/.gitmodules",
  `${innerPath}/gone.txt`,
  `${innerPath}/inner.txt`,
  "third_party/outer/outer.txt",
];

/** Moves the innermost submodule to a commit that nobody records, without the file `gone.txt`. */
export async function moveInner(top: string): Promise<void> {
  const inner = `${top}/${innerPath}`;
  await runGit(inner, ["rm", "-q", "gone.txt"]);
  await runGit(inner, ["commit", "-qm", "v2"]);
}

/** A companion that is configured by its directory. */
export function companionAt(name: string, directory: string): Companion {
  return { name, source: { kind: "path", directory } };
}

/** Runs a body in a process of its own, as somebody who owns nothing where the tests may choose that; its output. */
export async function asSomebodyElse(folder: string, body: string): Promise<string> {
  await chmod(folder, 0o755);
  const file = await script(
    folder,
    `if (process.getuid?.() === 0) process.setuid(65534);
     const env = ${JSON.stringify(env)};
     ${body}`,
  );
  return (await execFileAsync(process.execPath, [file])).stdout;
}
