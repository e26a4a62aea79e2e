import { mkdir } from "node:fs/promises";
import path from "node:path";

import { gitRepository, snapshot, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";

interface Package {
  readonly rule: number;
  readonly root: string;
  readonly files: readonly { readonly path: string; readonly kind: string; readonly from: string }[];
  readonly untracked: readonly string[];
}

const preset = "preset: nemo-skills\n";
const skills = {
  "nemo_skills/__init__.py": "",
  "nemo_skills/pipeline/run.py": "run",
  "nemo_skills/dataset/gsm8k/prepare.py": "prepare",
};
const data = {
  "nemo_skills/dataset/top.jsonl": "{}",
  "nemo_skills/dataset/gsm8k/test.jsonl": "{}",
  "nemo_skills/dataset/a/b/c/deep.jsonl": "{}",
};

/** An installed nemo_skills: a folder on the search path of a Python that is told by PYTHONPATH. */
async function installSkills(folder: string): Promise<Record<string, string>> {
  const site = path.join(folder, "site");
  await writeFiles(site, {
    ...skills,
    ...data,
    "nemo_skills/__pycache__/x.pyc": "x",
    "nemo_skills/README.md": "installed",
  });
  return { PYTHONPATH: site };
}

const pathsOf = ({ files }: Package) => files.map((file) => file.path);

test("rule 1: in a repository with the companion at its top, that repository is packaged, with every .jsonl below dataset", async () => {
  await using m = await machine();
  const { path: repo, git } = await gitRepository(path.join(m.folder, "Skills"), {
    files: {
      ...skills,
      "nemo_skills/dataset/tracked.jsonl": "{}",
      "slipway.yaml": preset,
      ".gitignore": "*.jsonl\n",
      "docs/a.md": "a",
    },
  });
  await writeFiles(repo, { ...data, "scratch.py": "mine", "docs/new.md": "new" });
  const status = await git("status", "--porcelain");
  const before = await snapshot(repo);

  const listed = await m.json<Package>(path.join(repo, "docs"), "package", "--list");

  expect(listed).toMatchObject({ rule: 1, root: repo, untracked: ["docs/new.md", "scratch.py"] });
  expect(pathsOf(listed)).toEqual(
    [
      ".gitignore",
      "docs/a.md",
      "slipway.yaml",
      "nemo_skills/dataset/tracked.jsonl",
      ...Object.keys(skills),
      ...Object.keys(data),
    ].toSorted(),
  );
  expect(await snapshot(repo)).toEqual(before);
  expect(await git("status", "--porcelain")).toBe(status);
});

test("rule 2: in another repository, that repository and the installed companion are packaged", async () => {
  await using m = await machine();
  Object.assign(m.env, await installSkills(m.folder));
  const { path: repo } = await gitRepository(path.join(m.folder, "mine"), {
    files: { "train.py": "train", "slipway.yaml": preset, "conf/a.yaml": "a" },
  });
  await writeFiles(repo, { "secret.txt": "mine" });
  const before = await snapshot(repo);

  const listed = await m.json<Package>(repo, "package", "--list");

  expect(listed).toMatchObject({ rule: 2, root: repo, untracked: ["secret.txt"] });
  expect(pathsOf(listed)).toEqual(
    [
      "conf/a.yaml",
      "slipway.yaml",
      "train.py",
      "nemo_skills/README.md",
      ...Object.keys(skills),
      ...Object.keys(data),
    ].toSorted(),
  );
  expect(await snapshot(repo)).toEqual(before);
});

test("rule 3: outside any repository only the installed companion is packaged", async () => {
  await using m = await machine();
  Object.assign(m.env, await installSkills(m.folder));
  const folder = path.join(m.folder, "plain");
  await writeFiles(folder, { "slipway.yaml": preset, "notes.txt": "mine" });

  const listed = await m.json<Package>(folder, "package", "--list");

  expect(listed).toMatchObject({ rule: 3 });
  expect(pathsOf(listed)).toEqual(["nemo_skills/README.md", ...Object.keys(skills), ...Object.keys(data)].toSorted());
});

test("a failed packaging leaves the repository as it was", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "mine"), {
    files: { "train.py": "x".repeat(2000), "slipway.yaml": "packaging: { max_size: 1KB }\n" },
  });
  const before = await snapshot(repo);
  const { exitCode, stderr } = await m.slipway(repo, "package");
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("train.py") });
  expect(await snapshot(repo)).toEqual(before);
});

test("--explain says of every path why it comes along or stays behind", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "mine"), {
    files: { "train.py": "t", "docs/a.md": "a" },
  });
  await writeFiles(repo, { "notes.txt": "mine", "slipway.yaml": 'packaging: { exclude: ["docs/**"] }\n' });
  const { stdout, exitCode } = await m.slipway(repo, "package", "--explain");
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^rule 1: this repository\n/);
  expect(stdout).toMatch(/^\+ {2}train\.py .*tracked/m);
  expect(stdout).toMatch(/^- {2}docs\/a\.md .*docs\/\*\*/m);
  expect(stdout).toMatch(/^- {2}notes\.txt /m);
});

test("--out writes an archive that tar reads, and says so when it cannot", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "mine"), { files: { "train.py": "t" } });
  expect((await m.slipway(repo, "package", "--out", "../code.tar.gz")).exitCode).toBe(0);
  const unpacked = path.join(m.folder, "unpacked");
  await mkdir(unpacked);
  const { execFileSync } = await import("node:child_process");
  execFileSync("tar", ["-xzf", path.join(m.folder, "code.tar.gz"), "-C", unpacked]);
  expect(Object.keys(await snapshot(unpacked))).toEqual(["", "train.py"]);
  expect(await m.slipway(repo, "package", "--out", "nowhere/code.tar.gz")).toMatchObject({ exitCode: 5 });
  expect(await m.slipway(repo, "package", "--out", "code.zip")).toMatchObject({ exitCode: 2 });
});

test("--code commit ships the tree of a commit, and refuses changes that would stay behind unless told otherwise", async () => {
  await using m = await machine();
  const { path: repo, git } = await gitRepository(path.join(m.folder, "mine"), { files: { value: "one\n" } });
  await writeFiles(repo, { value: "two\n" });
  await git("commit", "--all", "--quiet", "--message=Second");
  await writeFiles(repo, { value: "edited\n" });
  const output = async (...options: readonly string[]) => m.slipway(repo, "run", ...options, "--", "cat", "value");
  expect(await output()).toMatchObject({ stdout: "edited\n" });
  expect(await output("--code", "commit")).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("value") });
  expect(await output("--code", "commit", "--allow-dirty")).toMatchObject({ stdout: "two\n" });
  expect(await output("--code", "commit=HEAD~1", "--allow-dirty")).toMatchObject({ stdout: "one\n" });
  expect(await output("--code", "comit")).toMatchObject({ exitCode: 2 });
  expect(await output("--require-clean")).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("value") });
});
