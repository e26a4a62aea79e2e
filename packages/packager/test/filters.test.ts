import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm, utimes, writeFile } from "node:fs/promises";

import { gitRepository, temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { pack, tarOf, text } from "./helpers.ts";

const content = "big content\n".repeat(400);
const sha256 = createHash("sha256").update(content).digest("hex");
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${content.length}\n`;

/** A repository that has an LFS pointer committed, and programs for its filters that leave a mark when they are run. */
async function lfsRepository(folder: string) {
  const repository = await gitRepository(`${folder}/mine`, {
    files: {
      ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n*.enc filter=crypt\n",
      "m.bin": pointer,
      "x.enc": "x",
    },
  });
  const program = `touch '${folder}/was-run'; cat`;
  for (const name of ["lfs", "crypt"]) {
    await repository.git("config", `filter.${name}.clean`, program);
    await repository.git("config", `filter.${name}.smudge`, program);
    await repository.git("config", `filter.${name}.required`, "true");
  }
  await repository.git("config", "filter.lfs.process", program);
  await repository.git("config", "diff.lfs.textconv", program);
  await repository.git("config", "diff.external", program);
  await repository.git("config", "core.pager", program);
  return repository;
}

test("an LFS pointer on disk is packaged as it is, and told with the command that fetches its content", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await lfsRepository(folder.path);
  const { listing, source } = await pack(path);
  expect(listing.warnings).toEqual([
    "m.bin: pointers of Git LFS are packaged in place of their content (git lfs pull fetches it)",
  ]);
  expect(source.dirty).toBe(false);
});

test("a commit holds LFS pointers whatever lies on disk, and that is told", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await lfsRepository(folder.path);
  await writeFile(`${path}/m.bin`, content);
  const { listing } = await pack(path, { code: { kind: "commit" } });
  expect(listing.warnings).toEqual([
    "m.bin: pointers of Git LFS, which a commit holds in place of their content (what git lfs pull fetched comes along with the tracked files only)",
  ]);
});

test("a .gitattributes that is a symbolic link is not followed", async () => {
  await using folder = await temporaryDirectory();
  await writeFiles(folder.path, { outside: "* filter=lfs" });
  for (const symlink of ["../outside", "nowhere"]) {
    const { path } = await gitRepository(`${folder.path}/${symlink === "nowhere" ? "dangling" : "leading"}`, {
      files: { ".gitattributes": { symlink }, "m.bin": pointer },
    });
    expect((await pack(path)).listing.warnings.filter((warning) => warning.includes("LFS"))).toEqual([]);
  }
});

test("LFS content on disk is packaged, and clean, although nothing of LFS is run", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await lfsRepository(folder.path);
  await writeFile(`${path}/m.bin`, content);
  const bundle = await pack(path);
  expect(bundle.source).toMatchObject({ dirty: false });
  expect(bundle.listing).toMatchObject({ dirtyFiles: [], warnings: [] });
  expect((await tarOf(bundle)).includes(content)).toBe(true);
  await writeFile(`${path}/m.bin`, content.toUpperCase());
  expect((await pack(path)).listing.dirtyFiles.map(text)).toEqual(["m.bin"]);
  expect(existsSync(`${folder.path}/was-run`)).toBe(false);
});

test("no program that a repository's configuration names is run, whatever is dirty", async () => {
  await using folder = await temporaryDirectory();
  const { path, ...repository } = await lfsRepository(folder.path);
  await repository.git("config", "core.hooksPath", `${folder.path}/hooks`);
  const hook = { content: `#!/bin/sh\ntouch '${folder.path}/was-run'\n`, mode: 0o755 };
  await writeFiles(`${folder.path}/hooks`, { "post-index-change": hook, "reference-transaction": hook });
  await writeFile(`${path}/x.enc`, "y");
  await utimes(`${path}/m.bin`, 3, 3);
  await rm(`${path}/.gitattributes`);
  await writeFile(`${path}/.gitattributes`, "*.bin filter=lfs diff=lfs merge=lfs -text\n*.enc filter=crypt\n");
  const { source, listing } = await pack(path);
  expect(listing.dirtyFiles.map(text)).toEqual(["x.enc"]);
  expect(source.patch).toContain("-x\n");
  expect(existsSync(`${folder.path}/was-run`)).toBe(false);
});

test("a file that was only touched is clean and adds nothing to the patch", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await gitRepository(folder.path, { files: { a: "a\n", b: "b\n", c: "c\n" } });
  await utimes(`${path}/a`, 3, 3);
  await utimes(`${path}/c`, 3, 3);
  expect((await pack(path)).source).not.toHaveProperty("patch");
  await writeFile(`${path}/b`, "B\n");
  expect((await pack(path)).source.patch).toMatch(/^diff --git a\/b b\/b\nindex [^]*\n\+B\n$/);
});

test("a patch brings binary content, text that is not UTF-8, new and deleted files and modes back", async () => {
  await using folder = await temporaryDirectory();
  const { path, ...repository } = await gitRepository(`${folder.path}/mine`, {
    files: { binary: Buffer.from([0, 1, 2]), latin: Buffer.from("caf\u00e9\n", "latin1"), gone: "x\n", run: "x\n" },
  });
  await writeFile(`${path}/binary`, Buffer.from([0, 255, 2]));
  await writeFile(`${path}/latin`, Buffer.from("th\u00e9\n", "latin1"));
  await rm(`${path}/gone`);
  await writeFiles(path, { "sub/neu é": "new\n" });
  await repository.git("add", "-A");
  const { digest, source } = await pack(path);
  await writeFile(`${folder.path}/x.patch`, source.patch ?? "");
  await repository.git("reset", "-q", "--hard");
  expect((await pack(path)).digest).not.toBe(digest);
  await repository.git("apply", "--index", `${folder.path}/x.patch`);
  expect((await pack(path)).digest).toBe(digest);
});
