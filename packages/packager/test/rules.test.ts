import { mkdir, readFile } from "node:fs/promises";

import { gitRepository, snapshot, temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import type { PackageOptions } from "../src/index.ts";
import { env, installedPython, list, pack, paths, tarOf, text } from "./helpers.ts";

const jsonl = {
  name: "nemo_skills",
  source: { kind: "python", module: "nemo_skills" },
  include: ["dataset/**/*.jsonl"],
} as const;

async function nemoClone(directory: string) {
  const repository = await gitRepository(directory, {
    files: {
      ".gitignore": "*.jsonl\n__pycache__/\n",
      "README.md": "# clone\n",
      "docs/index.md": "docs\n",
      "nemo_skills/__init__.py": "",
      "nemo_skills/dataset/tracked/test.jsonl": "{}\n",
      "recipes/a.py": "",
    },
  });
  await writeFiles(directory, {
    "nemo_skills/dataset/top.jsonl": "{}\n",
    "nemo_skills/dataset/gsm8k/test.jsonl": "{}\n",
    "nemo_skills/dataset/a/b/c/deep.jsonl": "{}\n",
    "nemo_skills/dataset/gsm8k/notes.txt": "untracked",
    "nemo_skills/__pycache__/x.pyc": "ignored",
    "elsewhere.jsonl": "ignored and not below the companion",
    "scratch.py": "untracked",
  });
  return repository;
}

const clonePaths = [
  ".gitignore",
  "README.md",
  "docs/index.md",
  "nemo_skills/__init__.py",
  "nemo_skills/dataset/a/b/c/deep.jsonl",
  "nemo_skills/dataset/gsm8k/test.jsonl",
  "nemo_skills/dataset/top.jsonl",
  "nemo_skills/dataset/tracked/test.jsonl",
  "recipes/a.py",
];

test("rule 1: a repository with the companion at its top is packaged, with the companion's jsonl at every depth, tracked or not", async () => {
  await using folder = await temporaryDirectory();
  await nemoClone(`${folder.path}/clone`);
  const listing = await list(`${folder.path}/clone`, { companions: [jsonl] });
  expect(listing.files.map((file) => text(file.path))).toEqual(clonePaths);
  expect({ rule: listing.rule, root: listing.root, companions: listing.companions }).toEqual({
    rule: 1,
    root: `${folder.path}/clone`,
    companions: [{ name: "nemo_skills", directory: `${folder.path}/clone/nemo_skills`, inside: true }],
  });
  expect(listing.untracked.map(text)).toEqual(["nemo_skills/dataset/gsm8k/notes.txt", "scratch.py"]);
  expect(listing.files.find((file) => text(file.path).endsWith("deep.jsonl"))?.from).toBe(
    "companion nemo_skills, include dataset/**/*.jsonl",
  );
});

test("rule 1 gives the same from a subdirectory, and does not need the companion to be installed", async () => {
  await using folder = await temporaryDirectory();
  await nemoClone(`${folder.path}/clone`);
  const nobody = { ...jsonl, source: { kind: "python", module: "not_installed_anywhere" } } as const;
  expect(await paths(`${folder.path}/clone/docs`, { companions: [nobody] })).toEqual(clonePaths);
});

test("rule 1 takes the companion from the repository, not from where another copy is installed", async () => {
  await using folder = await temporaryDirectory();
  await nemoClone(`${folder.path}/clone`);
  const installed = await installedPython(`${folder.path}/site`, "nemo_skills", {
    "nemo_skills/__init__.py": "other",
    "nemo_skills/dataset/other/test.jsonl": "{}\n",
  });
  expect(await paths(`${folder.path}/clone`, { companions: [jsonl], env: installed.env })).toEqual(clonePaths);
});

test("rule 2: another repository is packaged, and every file of the installed companion is added", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/mine`, { files: { "train.py": "", "sub/x.py": "" } });
  const { companion, env: withPython } = await installedPython(`${folder.path}/site`, "nemo_skills", {
    "nemo_skills/__init__.py": "",
    "nemo_skills/.hidden": "",
    "nemo_skills/dataset/a/b/deep.jsonl": "{}\n",
    "nemo_skills/link": { symlink: "__init__.py" },
    "nemo_skills/__pycache__/__init__.cpython-311.pyc": "",
    "nemo_skills/old.pyc": "",
    "nemo_skills/.git/config": "",
    "unrelated/__init__.py": "",
  });
  const listing = await list(`${folder.path}/mine/sub`, { companions: [companion], env: withPython });
  expect(listing.rule).toBe(2);
  expect(listing.files.map((file) => `${text(file.path)} (${file.from})`)).toEqual([
    "nemo_skills/.hidden (companion nemo_skills)",
    "nemo_skills/__init__.py (companion nemo_skills)",
    "nemo_skills/dataset/a/b/deep.jsonl (companion nemo_skills)",
    "nemo_skills/link (companion nemo_skills)",
    "sub/x.py (tracked)",
    "train.py (tracked)",
  ]);
  expect(listing.companions).toEqual([
    { name: "nemo_skills", directory: `${folder.path}/site/nemo_skills`, inside: false },
  ]);
  expect(listing.excluded.map(({ path, why }) => `${text(path)}: ${why}`).toSorted()).toEqual([
    "nemo_skills/.git/: left out of every installed companion",
    "nemo_skills/__pycache__/: left out of every installed companion",
    "nemo_skills/old.pyc: left out of every installed companion",
  ]);
});

test("rule 3: outside of any repository only the companion is packaged, and what include patterns name", async () => {
  await using folder = await temporaryDirectory();
  await writeFiles(`${folder.path}/work`, { "data/in.txt": "1", "other.txt": "2" });
  const { companion, env: withPython } = await installedPython(`${folder.path}/site`, "acme", { "acme/run.py": "" });
  const options = { companions: [companion], env: withPython };
  expect(await paths(`${folder.path}/work`, options)).toEqual(["acme/run.py"]);
  const listing = await list(`${folder.path}/work`, { ...options, include: ["data"] });
  expect(listing.files.map((file) => text(file.path))).toEqual(["acme/run.py", "data/in.txt"]);
  expect({ rule: listing.rule, root: listing.root, source: listing.source }).toEqual({
    rule: 3,
    root: `${folder.path}/work`,
    source: { rule: 3, root: `${folder.path}/work`, dirty: false },
  });
});

test("a folder called like the companion in the working directory is not taken for the installed one", async () => {
  await using folder = await temporaryDirectory();
  await writeFiles(`${folder.path}/work`, { "acme/fake.py": "" });
  const { companion, env: withPython } = await installedPython(`${folder.path}/site`, "acme", { "acme/real.py": "" });
  expect(await paths(`${folder.path}/work`, { companions: [companion], env: withPython })).toEqual(["acme/real.py"]);
});

test("several companions mix: each is inside the repository or added to it", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/mine`, { files: { "one/a.py": "", "main.py": "" } });
  const two = await installedPython(`${folder.path}/site`, "two", { "two/b.py": "" });
  await writeFiles(`${folder.path}/shared`, { "c.py": "" });
  const companions: PackageOptions["companions"] = [
    { name: "one", source: { kind: "python", module: "one" } },
    two.companion,
    { name: "three", source: { kind: "path", directory: `${folder.path}/shared` } },
  ];
  const listing = await list(`${folder.path}/mine`, { companions, env: two.env });
  expect(listing.files.map((file) => text(file.path))).toEqual(["main.py", "one/a.py", "three/c.py", "two/b.py"]);
  expect(listing.companions.map(({ name, inside }) => [name, inside])).toEqual([
    ["one", true],
    ["two", false],
    ["three", false],
  ]);
  expect(listing.rule).toBe(2);
});

test("of a companion by path in a repository come the tracked files below it, and its include", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/mine`, { files: { "main.py": "" } });
  await gitRepository(`${folder.path}/lib`, { files: { "src/shared/a.py": "", "src/shared/b/c.py": "", README: "" } });
  await writeFiles(`${folder.path}/lib`, {
    "src/shared/.env": "untracked",
    "src/shared/data/x.jsonl": "{}",
    "src/shared/a.py": "edited",
  });
  const source = { kind: "path", directory: `${folder.path}/lib/src/shared` } as const;
  const bundle = await pack(`${folder.path}/mine`, {
    companions: [{ name: "shared", source, include: ["**/*.jsonl"] }],
  });
  expect(bundle.listing.files.map((file) => text(file.path))).toEqual([
    "main.py",
    "shared/a.py",
    "shared/b/c.py",
    "shared/data/x.jsonl",
  ]);
  expect((await tarOf(bundle)).includes("edited")).toBe(true);
});

test("an npm companion is found upwards from the working directory and not executed", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/mine`, { files: { "sub/x.js": "", ".gitignore": "node_modules\n" } });
  await writeFiles(`${folder.path}/mine/node_modules/@acme/tool`, {
    "package.json": JSON.stringify({ name: "@acme/tool", main: "index.js" }),
    "index.js": "throw new Error('executed')",
  });
  const companion = { name: "tool", source: { kind: "npm", package: "@acme/tool" } } as const;
  expect(await paths(`${folder.path}/mine/sub`, { companions: [companion] })).toEqual([
    ".gitignore",
    "sub/x.js",
    "tool/index.js",
    "tool/package.json",
  ]);
});

test("a Python companion is located without running any of it, also as a namespace package or an editable install", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/mine`, { files: { "main.py": "" } });
  const site = await installedPython(`${folder.path}/site`, "acme", {
    "acme/__init__.py": "raise SystemExit('executed')",
    "space/inner/x.py": "",
  });
  await writeFiles(`${folder.path}/checkout`, { "edit/__init__.py": "raise SystemExit('executed')" });
  const twoPlaces = { ...env, PYTHONPATH: `${folder.path}/site:${folder.path}/checkout` };
  const companions: PackageOptions["companions"] = [
    site.companion,
    { name: "space", source: { kind: "python", module: "space" } },
    { name: "edit", source: { kind: "python", module: "edit" } },
  ];
  expect(await paths(`${folder.path}/mine`, { companions, env: twoPlaces })).toEqual([
    "acme/__init__.py",
    "edit/__init__.py",
    "main.py",
    "space/inner/x.py",
  ]);
});

test("a repository without companions is packaged with what is on disk, and tells what it comes from", async () => {
  await using folder = await temporaryDirectory();
  const repository = await gitRepository(`${folder.path}/mine`, {
    files: { "a.py": "one\n", "run.sh": { content: "#!/bin/sh\n", mode: 0o755 }, link: { symlink: "a.py" } },
  });
  await repository.git("remote", "add", "origin", "https://me:secret@git.example.org/x.git");
  await writeFiles(repository.path, { "a.py": "two\n" });
  const bundle = await pack(repository.path);
  const { patch, ...source } = bundle.source;
  expect(source).toEqual({
    rule: 1,
    root: repository.path,
    commit: (await repository.git("rev-parse", "HEAD")).trim(),
    branch: "main",
    remote: "https://git.example.org/x.git",
    dirty: true,
  });
  expect(bundle.manifest.entries.map((entry) => [text(entry.path), entry.kind, "mode" in entry && entry.mode])).toEqual(
    [
      ["a.py", "file", 0o644],
      ["link", "symlink", false],
      ["run.sh", "file", 0o755],
    ],
  );
  await repository.git("stash");
  await writeFiles(folder.path, { "x.patch": patch ?? "" });
  await repository.git("apply", `${folder.path}/x.patch`);
  expect(await readFile(`${repository.path}/a.py`, "utf8")).toBe("two\n");
});

test("nothing in the repository is touched, by success and by failure", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await nemoClone(`${folder.path}/clone`);
  await writeFiles(path, { "README.md": "# touched but not in the index yet\n" });
  const before = await snapshot(path);
  await tarOf(await pack(path, { companions: [jsonl] }));
  await expect(pack(path, { include: ["nothing/**"] })).rejects.toMatchObject({
    code: "PACKAGER_INCLUDE_MATCHES_NOTHING",
  });
  await expect(pack(path, { maxBytes: 3 })).rejects.toMatchObject({ code: "PACKAGER_TOO_LARGE" });
  expect(await snapshot(path)).toEqual(before);
});

test("include adds untracked and ignored files, exclude leaves files out, and both say so", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, {
    files: { ".gitignore": "data/\n", "a.py": "", "docs/x.md": "", "docs/y.md": "" },
  });
  await writeFiles(folder.path, {
    "data/one.jsonl": "1",
    "data/.hidden/two.jsonl": "2",
    "data/three.txt": "3",
    "notes.txt": "4",
    "data/.git/config": "never",
  });
  await mkdir(`${folder.path}/data/empty`);
  const listing = await list(folder.path, {
    include: ["data/**/*.jsonl", "notes.txt"],
    exclude: ["docs/**", "**/two.*"],
  });
  expect(listing.files.map((file) => `${text(file.path)} (${file.from})`)).toEqual([
    ".gitignore (tracked)",
    "a.py (tracked)",
    "data/one.jsonl (include data/**/*.jsonl)",
    "notes.txt (include notes.txt)",
  ]);
  expect(listing.excluded.map(({ path, why }) => `${text(path)}: ${why}`)).toEqual([
    "data/.hidden/two.jsonl: exclude **/two.*",
    "docs/x.md: exclude docs/**",
    "docs/y.md: exclude docs/**",
  ]);
  expect(listing.untracked).toEqual([]);
  expect(await paths(folder.path, { include: ["data/"] })).toContain("data/three.txt");
  expect(await paths(folder.path, { include: ["**"] })).not.toContain("data/.git/config");
});
