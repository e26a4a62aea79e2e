import { mkdir } from "node:fs/promises";

import { gitRepository, runGit, snapshot, temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { env, execFileAsync, extractors, list, pack, paths, text } from "./helpers.ts";

const files = {
  ".gitattributes": "tests export-ignore\n/tests/sub/kept export-ignore=no\ndocs/ export-ignore\n*.md export-ignore\n",
  "keep/.gitattributes": "README.md -export-ignore\n",
  "keep/README.md": "",
  "keep/other.md": "",
  "keep/docs": "a file, and no directory",
  "tests/a.py": "",
  "tests/sub/kept": "",
  "docs/deep/x.txt": "",
  "new\nline ü.md": "",
  "main.py": "",
};

/** What `git archive` leaves in. */
async function archived(top: string, ref: string): Promise<readonly string[]> {
  await runGit(top, ["archive", "--format=tar", `--output=${top}.tar`, ref]);
  const [command] = extractors["GNU tar"];
  const { stdout } = await execFileAsync(command, ["--quoting-style=literal", "-tf", `${top}.tar`]);
  return stdout.split("\n").filter((name) => name !== "" && !name.endsWith("/"));
}

test("what is marked export-ignore is left out when it is asked for, exactly as git archive leaves it out, and said", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await gitRepository(`${folder.path}/mine`, { files });
  const expected = await archived(path, "HEAD");
  expect(expected).toEqual([".gitattributes", "keep/.gitattributes", "keep/README.md", "keep/docs", "main.py"]);
  const before = await snapshot(path);
  expect(await paths(path, { exportIgnore: true })).toEqual(expected);
  expect(await paths(path, { exportIgnore: true, code: { kind: "commit" } })).toEqual(expected);
  expect(await snapshot(path)).toEqual(before);
  const { excluded } = await list(path, { exportIgnore: true });
  const left = ["docs/deep/x.txt", "keep/other.md", "new\nline ü.md", "tests/a.py", "tests/sub/kept"];
  expect(excluded.map((file) => [text(file.path), file.why])).toEqual(
    left.map((name) => [name, "export-ignore in .gitattributes"]),
  );
  expect(await paths(path)).toHaveLength(Object.keys(files).length);
});

test("attributes count as they lie on disk, and for a commit as the commit holds them", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await gitRepository(folder.path, {
    files: { ".gitattributes": "a.txt export-ignore\n", "a.txt": "a", "b.txt": "b" },
  });
  await writeFiles(path, { ".gitattributes": "b.txt export-ignore\n" });
  expect(await paths(path, { exportIgnore: true })).toEqual([".gitattributes", "a.txt"]);
  const code = { kind: "commit", allowDirty: true } as const;
  expect(await paths(path, { exportIgnore: true, code })).toEqual([".gitattributes", "b.txt"]);
});

test("a submodule follows its own attributes, and one that is marked itself is left out whole", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/lib`, {
    files: { ".gitattributes": "tests export-ignore\n", "tests/x": "", "lib.py": "" },
  });
  const { path, ...repository } = await gitRepository(`${folder.path}/mine`, {
    files: { ".gitattributes": "/libs/dropped export-ignore\nlib.py export-ignore\n" },
  });
  await repository.git("submodule", "--quiet", "add", `${folder.path}/lib`, "libs/kept");
  await repository.git("submodule", "--quiet", "add", `${folder.path}/lib`, "libs/dropped");
  await repository.git("commit", "-qm", "libs");
  const expected = [".gitattributes", ".gitmodules", "libs/kept/.gitattributes", "libs/kept/lib.py"];
  for (const code of [undefined, { kind: "commit" }] as const) {
    const listing = await list(path, { exportIgnore: true, code });
    expect(listing.files.map((file) => text(file.path))).toEqual(expected);
    expect(listing.excluded.map((file) => text(file.path))).toEqual(["libs/dropped/", "libs/kept/tests/x"]);
  }
});

test("a companion that git tracks follows its attributes too, and what is included by name comes along", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/acme`, {
    files: { ".gitattributes": "*.md export-ignore\n", "src/acme/x.py": "", "src/acme/x.md": "" },
  });
  const { path } = await gitRepository(`${folder.path}/mine`, {
    files: { ".gitattributes": "notes export-ignore\n", "notes/1": "1", "notes/2": "2" },
  });
  const companion = { name: "acme", source: { kind: "path", directory: `${folder.path}/acme/src/acme` } } as const;
  expect(await paths(path, { exportIgnore: true, companions: [companion], include: ["notes/2"] })).toEqual([
    ".gitattributes",
    "acme/x.py",
    "notes/2",
  ]);
});

test("without git what is marked export-ignore cannot be told, and is refused", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, { files: { a: "" } });
  const withoutGit = { ...env, PATH: "/nonexistent" };
  await expect(list(folder.path, { exportIgnore: true, env: withoutGit })).rejects.toMatchObject({
    code: "PACKAGER_NEEDS_GIT",
    message: `${folder.path} cannot be read exactly without git: what is marked export-ignore is to be left out`,
  });
  expect(await paths(folder.path, { env: withoutGit })).toEqual(["a"]);
});

test("many thousands of paths are asked about at once", async () => {
  await using folder = await temporaryDirectory();
  await mkdir(`${folder.path}/many`);
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`many/${"n".repeat(100)}${n}`, ""]));
  await gitRepository(folder.path, { files: { ".gitattributes": "*7 export-ignore\n", ...many } });
  const { manifest } = await pack(folder.path, { exportIgnore: true });
  expect(manifest.files).toBe(4_501);
});
