import { rm, writeFile } from "node:fs/promises";

import { gitRepository, runGit, snapshot, temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import type { PackageOptions } from "../src/index.ts";
import { env, extract, installedPython, list, pack, tarOf, text } from "./helpers.ts";

const commit = (ref?: string, allowDirty = false): PackageOptions["code"] => ({ kind: "commit", ref, allowDirty });

async function twoCommits(directory: string) {
  const repository = await gitRepository(directory, {
    files: {
      "a.txt": "one\n",
      "run.sh": { content: "#!/bin/sh\n", mode: 0o755 },
      link: { symlink: "a.txt" },
      empty: "",
    },
  });
  await repository.git("tag", "v1");
  await writeFiles(directory, { "a.txt": "two\n", "new.txt": "new\n", "big.bin": Buffer.alloc(2_500_000, 7) });
  await repository.git("add", "-A");
  await repository.git("commit", "-qm", "two");
  return repository;
}

test("a commit's tree is packaged exactly, whatever lies on disk", async () => {
  await using folder = await temporaryDirectory();
  const { path, ...repository } = await twoCommits(`${folder.path}/mine`);
  const clean = await pack(path);
  expect((await pack(path, { code: commit() })).digest).toBe(clean.digest);
  await writeFiles(path, { "a.txt": "edited\n", "u.txt": "untracked" });
  await rm(`${path}/new.txt`);
  await repository.git("rm", "-q", "--cached", "empty");
  const before = await snapshot(path);
  const bundle = await pack(path, { code: commit("HEAD", true) });
  expect(bundle.digest).toBe(clean.digest);
  expect(await snapshot(path)).toEqual(before);
  expect((await tarOf(bundle)).equals(await tarOf(bundle))).toBe(true);
  expect(bundle.source).toEqual({
    rule: 1,
    root: path,
    commit: (await repository.git("rev-parse", "HEAD")).trim(),
    branch: "main",
    dirty: false,
  });
  expect(bundle.listing.untracked.map(text)).toEqual(["empty", "u.txt"]);
  expect(bundle.listing.files[0]?.from).toBe("commit HEAD");
});

test("an older commit is packaged as a checkout of it would be, and unpacks to the same tree", async () => {
  await using folder = await temporaryDirectory();
  const { path, ...repository } = await twoCommits(`${folder.path}/mine`);
  const bundle = await pack(path, { code: commit("v1") });
  await repository.git("worktree", "add", "-q", `${folder.path}/v1`, "v1");
  expect(bundle.digest).toBe((await pack(`${folder.path}/v1`)).digest);
  expect(bundle.source).not.toHaveProperty("branch");
  await extract(await tarOf(bundle), ["tar", "-xf", "-"], `${folder.path}/out`);
  await gitRepository(`${folder.path}/out`);
  await runGit(`${folder.path}/out`, ["add", "-A"]);
  expect((await pack(`${folder.path}/out`)).digest).toBe(bundle.digest);
});

test("a repository with changes is refused by name, unless they may stay behind", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await twoCommits(folder.path);
  await writeFile(`${path}/a.txt`, "edited\n");
  await expect(list(path, { code: commit() })).rejects.toMatchObject({
    code: "PACKAGER_DIRTY",
    message: `${path} has changes that a commit does not hold: a.txt`,
  });
  expect((await list(path, { code: commit(undefined, true) })).files).toHaveLength(6);
});

test("a commit that is not there, or no repository, is an error", async () => {
  await using folder = await temporaryDirectory();
  await twoCommits(`${folder.path}/mine`);
  for (const ref of ["nope", "--help", "HEAD:a.txt", "HEAD~9", ""]) {
    await expect(list(`${folder.path}/mine`, { code: commit(ref) })).rejects.toMatchObject({
      code: "PACKAGER_NO_SUCH_COMMIT",
    });
  }
  await gitRepository(`${folder.path}/fresh`);
  await expect(list(`${folder.path}/fresh`, { code: commit() })).rejects.toMatchObject({
    code: "PACKAGER_NO_SUCH_COMMIT",
  });
  await expect(list(folder.path, { code: commit() })).rejects.toMatchObject({ code: "PACKAGER_NOT_A_REPOSITORY" });
});

test("submodules come at the commits that are recorded, not at what is checked out (W-P4)", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/lib`, { files: { "lib.txt": "v1\n" } });
  const { path, ...repository } = await gitRepository(`${folder.path}/mine`, { files: { "a.txt": "" } });
  await repository.git("submodule", "--quiet", "add", `${folder.path}/lib`, "libs/lib");
  await repository.git("commit", "-qm", "lib");
  const { digest } = await pack(path);
  await writeFiles(`${path}/libs/lib`, { "lib.txt": "v2\n" });
  await runGit(`${path}/libs/lib`, ["commit", "-qam", "v2"]);
  expect((await pack(path)).digest).not.toBe(digest);
  expect((await pack(path, { code: commit("HEAD", true) })).digest).toBe(digest);
  await repository.git("submodule", "--quiet", "deinit", "-f", "libs/lib");
  await expect(list(path, { code: commit("HEAD", true) })).rejects.toMatchObject({
    code: "PACKAGER_SUBMODULE_MISSING",
    message: expect.stringMatching(/^The commit [0-9a-f]{40} of .*\/mine has submodules .*: libs\/lib$/) as string,
    hint: expect.stringContaining("git submodule update --init --recursive libs/lib") as string,
  });
  for (const exclude of ["libs/lib", "libs/**", "**/lib"]) {
    const listing = await list(path, { code: commit("HEAD", true), exclude: [exclude] });
    expect(listing.warnings).toEqual([expect.stringContaining("libs/lib: a submodule that is not initialised")]);
  }
  await writeFiles(path, { ".slipwayignore": "libs/\n" });
  expect((await list(path, { code: commit("HEAD", true) })).files).toHaveLength(2);
});

test("companions are inside, added, or in the way, as the commit has it", async () => {
  await using folder = await temporaryDirectory();
  const { path, ...repository } = await gitRepository(`${folder.path}/mine`, { files: { "acme/x.py": "mine" } });
  await repository.git("tag", "inside");
  await repository.git("rm", "-q", "-r", "acme");
  await writeFiles(path, { "b.py": "" });
  await repository.git("add", "-A");
  await repository.git("commit", "-qm", "added");
  await repository.git("tag", "added");
  await writeFiles(path, { acme: "a file" });
  await repository.git("add", "-A");
  await repository.git("commit", "-qm", "file");
  const site = await installedPython(`${folder.path}/site`, "acme", { "acme/installed.py": "" });
  const paths = async (ref: string) => {
    const listing = await list(path, { code: commit(ref), companions: [site.companion], env: { ...env, ...site.env } });
    return [listing.rule, ...listing.files.map((file) => text(file.path))];
  };
  expect(await paths("inside")).toEqual([1, "acme/x.py"]);
  expect(await paths("added")).toEqual([2, "acme/installed.py", "b.py"]);
  await expect(paths("HEAD")).rejects.toMatchObject({ code: "PACKAGER_CLASH" });
});

test("names of a commit are bytes, and secrets in it are refused", async () => {
  await using folder = await temporaryDirectory();
  const { path, ...repository } = await gitRepository(folder.path, {
    files: { "new\nline": "x", 日本: "y", ".env": "z" },
  });
  await rm(`${path}/new\nline`);
  await repository.git("update-index", "--skip-worktree", "new\nline");
  await expect(pack(path, { code: commit() })).rejects.toMatchObject({ code: "PACKAGER_SECRET" });
  const bundle = await pack(path, { code: commit(), exclude: [".env"] });
  expect(bundle.manifest.entries.map((entry) => text(entry.path))).toEqual(["new\nline", "日本"]);
});
