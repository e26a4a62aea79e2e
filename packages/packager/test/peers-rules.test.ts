import { mkdir, rm } from "node:fs/promises";

import { gitRepository, temporaryDirectory, writeFiles } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import type { PackageOptions } from "../src/index.ts";
import { installedPython, list, pack, paths, pathsOf, tarOf, text } from "./helpers.ts";
import { companionAt } from "./peers.ts";

const skills = {
  name: "nemo_skills",
  source: { kind: "python", module: "nemo_skills" },
  include: ["dataset/**/*.jsonl"],
} as const;

/** The package as it is installed: not the clone's, and with data of its own. */
async function installSkills(folder: string): Promise<Pick<PackageOptions, "companions" | "env">> {
  const { env } = await installedPython(`${folder}/site`, "nemo_skills", {
    "nemo_skills/__init__.py": "installed",
    "nemo_skills/dataset/installed.jsonl": "{}",
    "nemo_skills/notes.txt": "",
  });
  return { companions: [skills], env };
}

async function cloneSkills(directory: string) {
  const files = { ".gitignore": "*.jsonl\n", "docs/a.md": "", "nemo_skills/__init__.py": "clone" };
  await gitRepository(directory, { files });
  await writeFiles(directory, {
    "nemo_skills/dataset/top.jsonl": "{}",
    "nemo_skills/dataset/a/b/deep.jsonl": "{}",
    "nemo_skills/dataset/a/notes.txt": "untracked",
  });
}

const clonePaths = [
  ".gitignore",
  "docs/a.md",
  "nemo_skills/__init__.py",
  "nemo_skills/dataset/a/b/deep.jsonl",
  "nemo_skills/dataset/top.jsonl",
];

const installedPaths = ["nemo_skills/__init__.py", "nemo_skills/dataset/installed.jsonl", "nemo_skills/notes.txt"];

describe("4.3: the three cases", () => {
  test("a clone's root: the whole of what it tracks, and every jsonl below the dataset directory, tracked or not", async () => {
    await using folder = await temporaryDirectory();
    await cloneSkills(`${folder.path}/clone`);
    expect(await paths(`${folder.path}/clone`, { companions: [skills] })).toEqual(clonePaths);
  });

  test("a clone's subdirectory: the same", async () => {
    await using folder = await temporaryDirectory();
    await cloneSkills(`${folder.path}/clone`);
    expect(await paths(`${folder.path}/clone/docs`, { companions: [skills] })).toEqual(clonePaths);
  });

  test("a clone, with the package installed elsewhere: code and jsonl of the clone (slipway differs)", async () => {
    await using folder = await temporaryDirectory();
    await cloneSkills(`${folder.path}/clone`);
    const bundle = await pack(`${folder.path}/clone`, await installSkills(folder.path));
    expect(pathsOf(bundle.listing)).toEqual(clonePaths);
    expect((await tarOf(bundle)).includes("installed")).toBe(false);
  });

  test("a clone with changes: they are shipped and told, or refused where its commit is asked for (slipway differs)", async () => {
    await using folder = await temporaryDirectory();
    await cloneSkills(`${folder.path}/clone`);
    await writeFiles(`${folder.path}/clone`, { "docs/a.md": "edited" });
    const options = { companions: [skills] };
    expect((await list(`${folder.path}/clone`, options)).dirtyFiles.map(text)).toEqual(["docs/a.md"]);
    const code = { kind: "commit" } as const;
    await expect(list(`${folder.path}/clone`, { ...options, code })).rejects.toMatchObject({ code: "PACKAGER_DIRTY" });
  });

  test("another repository and its subdirectories: what it tracks, and every file of the installed package", async () => {
    await using folder = await temporaryDirectory();
    await gitRepository(`${folder.path}/mine`, { files: { "sub/x.py": "", "train.py": "" } });
    const options = await installSkills(folder.path);
    for (const cwd of ["mine", "mine/sub"]) {
      expect(await paths(`${folder.path}/${cwd}`, options)).toEqual([...installedPaths, "sub/x.py", "train.py"]);
    }
  });

  test("another repository that has a file of the package's name: an error that names it", async () => {
    await using folder = await temporaryDirectory();
    await gitRepository(`${folder.path}/mine`, { files: { nemo_skills: "a file" } });
    await expect(list(`${folder.path}/mine`, await installSkills(folder.path))).rejects.toMatchObject({
      code: "PACKAGER_CLASH",
      message: `The repository ${folder.path}/mine has a file nemo_skills where the companion nemo_skills would lie`,
    });
  });

  test("no repository: every file of the installed package, and nothing else", async () => {
    await using folder = await temporaryDirectory();
    await writeFiles(`${folder.path}/work`, { "mine.py": "" });
    expect(await paths(`${folder.path}/work`, await installSkills(folder.path))).toEqual(installedPaths);
  });

  test("another repository with changes: refused by name for its commit; allowed, the changes are not shipped", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await gitRepository(`${folder.path}/mine`, { files: { "train.py": "committed" } });
    await writeFiles(path, { "train.py": "edited" });
    const options = await installSkills(folder.path);
    await expect(list(path, { ...options, code: { kind: "commit" } })).rejects.toMatchObject({
      code: "PACKAGER_DIRTY",
      message: `${path} has changes that a commit does not hold: train.py`,
      hint: expect.stringContaining("Commit or stash them") as string,
    });
    const bundle = await pack(path, { ...options, code: { kind: "commit", allowDirty: true } });
    expect(pathsOf(bundle.listing)).toEqual([...installedPaths, "train.py"]);
    const tar = await tarOf(bundle);
    expect([tar.includes("committed"), tar.includes("edited")]).toEqual([true, false]);
  });
});

describe("4.3: registered repositories", () => {
  test("each lies below its own name, of one that git tracks only what it tracks (slipway differs)", async () => {
    await using folder = await temporaryDirectory();
    await gitRepository(`${folder.path}/tracked`, { files: { "README.md": "", "x.py": "" } });
    await writeFiles(folder.path, { "tracked/untracked.py": "", "plain/README.md": "" });
    const { path } = await gitRepository(`${folder.path}/mine`, { files: { "README.md": "mine" } });
    const companions = [companionAt("one", `${folder.path}/tracked`), companionAt("two", `${folder.path}/plain`)];
    expect(await paths(path, { companions })).toEqual(["README.md", "one/README.md", "one/x.py", "two/README.md"]);
  });

  test("two of one name, one that is not there, and a file that two of them claim are errors", async () => {
    await using folder = await temporaryDirectory();
    const { path } = await gitRepository(`${folder.path}/mine`, { files: { "a.py": "" } });
    await writeFiles(folder.path, { "one/x.py": "1", "two/x.py": "2" });
    const errors = {
      PACKAGER_CLASH: [companionAt("acme", `${folder.path}/one`), companionAt("acme", `${folder.path}/two`)],
      PACKAGER_COMPANION_NOT_FOUND: [companionAt("acme", `${folder.path}/gone`)],
    };
    for (const [code, companions] of Object.entries(errors)) {
      await expect(list(path, { companions })).rejects.toMatchObject({ code });
    }
    await writeFiles(path, { "acme/x.py": "untracked, and where the commit has no directory" });
    const companions = [companionAt("acme", `${folder.path}/one`)];
    const code = { kind: "commit" } as const;
    await expect(list(path, { companions, code, include: ["acme/x.py"] })).rejects.toMatchObject({
      code: "PACKAGER_CLASH",
      message: expect.stringContaining("both have acme/x.py") as string,
    });
  });
});

test("4.3: a second experiment has the same digest, so that one stored copy serves both; a new commit has another", async () => {
  await using folder = await temporaryDirectory();
  const { path, ...repository } = await gitRepository(`${folder.path}/mine`, { files: { "a.py": "1" } });
  const options = { ...(await installSkills(folder.path)), cacheDirectory: `${folder.path}/cache` };
  const first = await pack(path, options);
  expect((await pack(path, options)).digest).toBe(first.digest);
  await writeFiles(path, { "a.py": "2" });
  await repository.git("commit", "-qam", "second");
  const second = await pack(path, options);
  expect(second.digest).not.toBe(first.digest);
  await repository.git("checkout", "-q", "HEAD~1");
  await rm(`${folder.path}/cache`, { recursive: true });
  await mkdir(`${folder.path}/cache`);
  expect((await pack(path, options)).digest).toBe(first.digest);
});
