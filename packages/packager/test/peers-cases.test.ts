import { mkdir, readFile, rm } from "node:fs/promises";

import { gitRepository, runGit, snapshot, temporaryDirectory, writeFiles } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { env, execFileAsync, extract, extractors, list, pack, paths, pathsOf, tarOf, text } from "./helpers.ts";
import { companionAt } from "./peers.ts";

// What a peer's own tests expect (4.1 of the research on it), and what a correct tool does besides (4.2).

const gnuTar = extractors["GNU tar"];

async function twoFiles(folder: string) {
  return gitRepository(`${folder}/mine`, { files: { "file1.txt": "1\n", "file2.txt": "2\n" } });
}

async function withTwoSubmodules(folder: string) {
  await gitRepository(`${folder}/one`, { files: { "one.txt": "one\n" } });
  await gitRepository(`${folder}/two`, { files: { "two.txt": "two\n" } });
  const repository = await twoFiles(folder);
  await repository.git("submodule", "--quiet", "add", `${folder}/one`, "submodule");
  await repository.git("submodule", "--quiet", "add", `${folder}/two`, "submodule2");
  await repository.git("commit", "-qm", "submodules");
  return repository;
}

describe("4.1: git", () => {
  test("a repository unpacks to its tree, with nothing but the directory and the environment given", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await twoFiles(folder.path);
    await extract(await tarOf(await pack(path)), gnuTar, `${folder.path}/out`);
    await expect(execFileAsync("diff", ["-r", "--exclude=.git", path, `${folder.path}/out`])).resolves.toMatchObject({
      stdout: "",
    });
  });

  test("subpath: a subdirectory alone comes as a companion, its tracked files below its name (slipway differs: never at the root)", async () => {
    await using folder = await temporaryDirectory();
    await gitRepository(`${folder.path}/mine`, { files: { "file1.txt": "", "subdir/file3.txt": "" } });
    await mkdir(`${folder.path}/work`);
    const companions = [companionAt("subdir", `${folder.path}/mine/subdir`)];
    expect(await paths(`${folder.path}/work`, { companions })).toEqual(["subdir/file3.txt"]);
  });

  test("basepath and subpath: a companion's directory is taken as it is named, at any depth of its repository", async () => {
    await using folder = await temporaryDirectory();
    const files = { "subdir/file1.txt": "", "subdir/subdir2/file3.txt": "" };
    await gitRepository(`${folder.path}/mine`, { files });
    await mkdir(`${folder.path}/work`);
    const companions = [companionAt("x", `${folder.path}/mine/subdir/subdir2`)];
    expect(await paths(`${folder.path}/work`, { companions })).toEqual(["x/file3.txt"]);
  });

  test("a subdirectory as the working directory packages the whole repository", async () => {
    await using folder = await temporaryDirectory();
    await gitRepository(folder.path, { files: { "file1.txt": "", "subdir/file3.txt": "" } });
    expect(await paths(`${folder.path}/subdir`)).toEqual(["file1.txt", "subdir/file3.txt"]);
  });

  test("an invalid ref is an error", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await twoFiles(folder.path);
    const code = { kind: "commit", ref: "invalid_ref" } as const;
    await expect(list(path, { code })).rejects.toMatchObject({ code: "PACKAGER_NO_SUCH_COMMIT" });
  });

  test("a directory that does not exist is an error", async () => {
    await using folder = await temporaryDirectory();
    await expect(list(`${folder.path}/nowhere`)).rejects.toMatchObject({
      code: "PACKAGER_NOT_A_REPOSITORY",
      message: `There is no directory ${folder.path}/nowhere`,
    });
  });

  test("include: an untracked directory comes along", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await twoFiles(folder.path);
    await writeFiles(path, { "extra/f1": "", "extra/f2": "", "other/f3": "" });
    expect(await paths(path, { include: ["extra"] })).toEqual(["extra/f1", "extra/f2", "file1.txt", "file2.txt"]);
  });

  test("include with subpath: what is included keeps its place below the top, wherever the command runs (slipway differs)", async () => {
    await using folder = await temporaryDirectory();
    await gitRepository(folder.path, { files: { "extra2/file3.txt": "" } });
    await writeFiles(folder.path, { "extra/f1": "" });
    expect(await paths(`${folder.path}/extra2`, { include: ["extra"] })).toEqual(["extra/f1", "extra2/file3.txt"]);
  });

  test("include: two patterns include two directories, and a pattern with a space is one name (slipway differs)", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await twoFiles(folder.path);
    await writeFiles(path, { "extra/f1": "", "extra_1/f2": "" });
    expect(await paths(path, { include: ["extra", "extra_1"] })).toEqual([
      "extra/f1",
      "extra_1/f2",
      "file1.txt",
      "file2.txt",
    ]);
    await expect(list(path, { include: ["extra extra_1"] })).rejects.toMatchObject({
      code: "PACKAGER_INCLUDE_MATCHES_NOTHING",
    });
  });

  test("include: a pattern outside of the repository is refused; a companion brings what lies there (slipway differs)", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await twoFiles(folder.path);
    await writeFiles(`${folder.path}/extra`, { f1: "", f2: "" });
    for (const pattern of [`${folder.path}/extra/*`, "../extra/*"]) {
      await expect(list(path, { include: [pattern] })).rejects.toMatchObject({ code: "PACKAGER_BAD_PATTERN" });
    }
    expect(await paths(path, { companions: [companionAt("extra", `${folder.path}/extra`)] })).toEqual([
      "extra/f1",
      "extra/f2",
      "file1.txt",
      "file2.txt",
    ]);
  });

  test("include: a list of patterns includes the matches of each, and the first that matches tells why", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await twoFiles(folder.path);
    await writeFiles(path, { "extra/f1": "", "extra/f2": "" });
    const { files } = await list(path, { include: ["extra/f1", "extra/*"] });
    expect(files.map((file) => `${text(file.path)} ${file.from}`)).toEqual([
      "extra/f1 include extra/f1",
      "extra/f2 include extra/*",
      "file1.txt tracked",
      "file2.txt tracked",
    ]);
  });

  test("include: a pattern needs no root beside it that could be missing; an empty one is refused (slipway differs)", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await twoFiles(folder.path);
    await expect(list(path, { include: ["file1.txt", ""] })).rejects.toMatchObject({ code: "PACKAGER_BAD_PATTERN" });
  });

  test("uncommitted changes are refused where a commit is to be packaged; otherwise they are shipped and told (slipway differs)", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await twoFiles(folder.path);
    await writeFiles(path, { "file1.txt": "edited\n" });
    await expect(list(path, { code: { kind: "commit" } })).rejects.toMatchObject({
      code: "PACKAGER_DIRTY",
      message: `${path} has changes that a commit does not hold: file1.txt`,
    });
    const bundle = await pack(path);
    expect([bundle.source.dirty, (await tarOf(bundle)).includes("edited\n")]).toEqual([true, true]);
  });

  test("untracked files are told and stay behind; they refuse nothing (slipway differs)", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await twoFiles(folder.path);
    await writeFiles(path, { "new.txt": "" });
    for (const code of [undefined, { kind: "commit" }] as const) {
      const listing = await list(path, { code });
      expect([pathsOf(listing), listing.untracked.map(text)]).toEqual([["file1.txt", "file2.txt"], ["new.txt"]]);
    }
  });

  test("submodules come along, each in its place", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await withTwoSubmodules(folder.path);
    await extract(await tarOf(await pack(path)), gnuTar, `${folder.path}/out`);
    const contents = ["submodule/one.txt", "submodule2/two.txt"].map((name) =>
      readFile(`${folder.path}/out/${name}`, "utf8"),
    );
    expect(await Promise.all(contents)).toEqual(["one\n", "two\n"]);
  });

  test("a submodule that is excluded leaves no directory behind, and is told (slipway differs)", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await withTwoSubmodules(folder.path);
    const bundle = await pack(path, { exclude: ["submodule"] });
    await extract(await tarOf(bundle), gnuTar, `${folder.path}/out`);
    expect(Object.keys(await snapshot(`${folder.path}/out`)).toSorted()).toEqual([
      "",
      ".gitmodules",
      "file1.txt",
      "file2.txt",
      "submodule2",
      "submodule2/two.txt",
    ]);
    expect(bundle.listing.excluded.map(({ path: name, why }) => [text(name), why])).toEqual([
      ["submodule/one.txt", "exclude submodule"],
    ]);
  });

  test("there are no tars to concatenate: a bundle is one, in which every file stands once, in the manifest's order (slipway differs)", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await withTwoSubmodules(folder.path);
    const bundle = await pack(path, { include: ["file1.txt"] });
    await writeFiles(folder.path, { "x.tar": await tarOf(bundle) });
    const { stdout } = await execFileAsync("tar", ["-tf", `${folder.path}/x.tar`]);
    expect(stdout.trim().split("\n")).toEqual(bundle.manifest.entries.map((entry) => text(entry.path)));
  });
});

describe("4.1: hybrid and pattern", () => {
  test("two sources lie each below its own name", async () => {
    await using folder = await temporaryDirectory();
    await writeFiles(folder.path, { "a/file1.txt": "1", "b/file2.txt": "2" });
    await mkdir(`${folder.path}/work`);
    const companions = [companionAt("1", `${folder.path}/a`), companionAt("2", `${folder.path}/b`)];
    expect(await paths(`${folder.path}/work`, { companions })).toEqual(["1/file1.txt", "2/file2.txt"]);
  });

  test("two sources that hold files of one name never meet at the root (slipway differs)", async () => {
    await using folder = await temporaryDirectory();
    await writeFiles(folder.path, { "a/same.txt": "1", "b/same.txt": "2" });
    const { path } = await gitRepository(`${folder.path}/mine`, { files: { "same.txt": "0" } });
    const companions = [companionAt("1", `${folder.path}/a`), companionAt("2", `${folder.path}/b`)];
    const bundle = await pack(path, { companions });
    await extract(await tarOf(bundle), gnuTar, `${folder.path}/out`);
    const contents = ["same.txt", "1/same.txt", "2/same.txt"].map((name) =>
      readFile(`${folder.path}/out/${name}`, "utf8"),
    );
    expect(await Promise.all(contents)).toEqual(["0", "1", "2"]);
  });

  test("outside of any repository patterns alone are packaged, one or a list of them", async () => {
    await using folder = await temporaryDirectory();
    await writeFiles(folder.path, { "extra/f1": "", "extra/f2": "", "other/f3": "" });
    expect(await paths(folder.path, { include: ["extra/*"] })).toEqual(["extra/f1", "extra/f2"]);
    expect(await paths(folder.path, { include: ["extra/f1", "other"] })).toEqual(["extra/f1", "other/f3"]);
  });
});

describe("4.2", () => {
  test("a repository without commits packages what is added, and is dirty; with nothing added it says to git add", async () => {
    await using folder = await temporaryDirectory();
    const { path, ...repository } = await gitRepository(folder.path);
    await writeFiles(path, { "a.py": "" });
    await expect(list(path)).rejects.toMatchObject({
      code: "PACKAGER_EMPTY",
      hint: expect.stringContaining("git add") as string,
    });
    await repository.git("add", "a.py");
    expect((await pack(path)).source).toEqual({ rule: 1, root: path, branch: "main", dirty: true });
    await expect(list(path, { code: { kind: "commit", allowDirty: true } })).rejects.toMatchObject({
      code: "PACKAGER_NO_SUCH_COMMIT",
    });
  });

  test("a new file that is staged is packaged and dirty", async () => {
    await using folder = await temporaryDirectory();
    const { path, ...repository } = await twoFiles(folder.path);
    await writeFiles(path, { "new.txt": "new\n" });
    await repository.git("add", "new.txt");
    const listing = await list(path);
    expect([pathsOf(listing), listing.dirtyFiles.map(text)]).toEqual([
      ["file1.txt", "file2.txt", "new.txt"],
      ["new.txt"],
    ]);
  });

  test("a submodule with untracked files is clean, one with a change is dirty, and a commit of it is refused by the file's name", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await withTwoSubmodules(folder.path);
    await writeFiles(path, { "submodule/u.txt": "untracked" });
    const clean = await list(path);
    expect([clean.source.dirty, clean.untracked.map(text)]).toEqual([false, ["submodule/u.txt"]]);
    await writeFiles(path, { "submodule/one.txt": "edited\n" });
    expect((await list(path)).dirtyFiles.map(text)).toEqual(["submodule/one.txt"]);
    await expect(list(path, { code: { kind: "commit" } })).rejects.toMatchObject({
      code: "PACKAGER_DIRTY",
      message: `${path} has changes that a commit does not hold: submodule/one.txt`,
    });
  });

  test("names with spaces, newlines, leading dashes and other scripts, and exec bits, arrive as they are", async () => {
    await using folder = await temporaryDirectory();
    const names = ["with space", "new\nline", "-rf", "ünï/日本語", "$(touch pwned)", "`touch pwned`"];
    const files = Object.fromEntries(names.map((name) => [name, { content: name, mode: 0o755 }]));
    const { path } = await gitRepository(`${folder.path}/mine`, { files });
    const bundle = await pack(path);
    await extract(await tarOf(bundle), gnuTar, `${folder.path}/out`);
    await gitRepository(`${folder.path}/out`);
    await runGit(`${folder.path}/out`, ["add", "-A"]);
    expect((await pack(`${folder.path}/out`)).digest).toBe(bundle.digest);
    expect(pathsOf(bundle.listing).toSorted()).toEqual([...names].toSorted());
    expect(bundle.manifest.entries.every((entry) => entry.kind === "file" && entry.mode === 0o755)).toBe(true);
  });

  test("the repository is as it was after success and after failure", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await withTwoSubmodules(folder.path);
    const before = await snapshot(path);
    await pack(path);
    await expect(pack(path, { maxBytes: 1 })).rejects.toMatchObject({ code: "PACKAGER_TOO_LARGE" });
    await expect(pack(path, { include: ["nowhere"] })).rejects.toMatchObject({
      code: "PACKAGER_INCLUDE_MATCHES_NOTHING",
    });
    await expect(pack(path, { env: { ...env, PATH: "/nonexistent" } })).rejects.toMatchObject({
      code: "PACKAGER_NEEDS_GIT",
    });
    expect(await snapshot(path)).toEqual(before);
  });

  test("the same commit has the same digest when everything around it is made anew; another content has another", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await twoFiles(folder.path);
    const { digest } = await pack(path);
    await rm(path, { recursive: true });
    await twoFiles(folder.path);
    expect((await pack(path)).digest).toBe(digest);
    await writeFiles(path, { "file1.txt": "other\n" });
    expect((await pack(path)).digest).not.toBe(digest);
  });
});
