import { isUtf8 } from "node:buffer";

import type { PatchBase } from "./git/patch.ts";
import type { Repository, RepositoryOptions } from "./git/repository.ts";
import { absolutePath } from "./paths.ts";
import { openSubmodule } from "./tracked.ts";

/**
 * All that the tracked files on disk, those of submodules at their full paths, differ by from HEAD and the submodules' commits that
 * it records: applied to a fresh clone with its submodules, it gives what was packaged. Undefined where it cannot be a string.
 */
export function readWholePatch(repository: Repository, options: RepositoryOptions): Promise<string | undefined> {
  return readPatches(repository, { ...options, commit: "HEAD", prefix: "" });
}

async function readPatches(
  repository: Repository,
  { commit, prefix, ...options }: RepositoryOptions & PatchBase,
): Promise<string | undefined> {
  const patches = [await repository.patch({ commit, prefix })];
  for (const { mode, path, objectId } of repository.index.entries()) {
    if (mode !== "160000") continue;
    const inner = await openSubmodule(absolutePath(repository.top, path).toString(), options);
    if (inner === undefined) continue;
    if (!isUtf8(path)) return undefined;
    const name = Buffer.from(path).toString("utf8");
    const recorded = (await repository.objectId(`${commit}:${name}`)) ?? objectId;
    // A commit that was never fetched cannot be compared with; what is checked out then has to do.
    const base = (await inner.objectId(`${recorded}^{commit}`)) ?? (await inner.objectId("HEAD^{commit}"));
    if (base !== undefined)
      patches.push(await readPatches(inner, { ...options, commit: base, prefix: `${prefix}${name}/` }));
  }
  return patches.includes(undefined) ? undefined : patches.join("");
}
