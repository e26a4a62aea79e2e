import { execFileSync } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { manifestDigest } from "@slipway/core";
import { gitRepository, runGit, temporaryDirectory, writeFiles } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { createCrew } from "../src/crew.ts";
import { openRepository } from "../src/git/repository.ts";
import type { PackageOptions, PackedBundle } from "../src/index.ts";
import { packTable, recallIndex } from "../src/pack-table.ts";
import { packListed } from "../src/pack.ts";
import { createRowWork, tasks } from "../src/table/rows.ts";
import { createTable, tableOfIndex } from "../src/table/table.ts";
import { env, pack, text } from "./helpers.ts";
import { states } from "./states.ts";

/** Packs in both ways: from columns, undefined where that is not for them, and from an object for each file. */
async function packTwice(cwd: string, options: Partial<PackageOptions> = {}) {
  await using crew = createCrew({ helpers: 1 });
  const all = { cwd, env, ...options };
  const opened = await openRepository(cwd, all);
  const fast = opened && (await packTable(opened, all, { crew, known: recallIndex(all) }));
  const slow = await packListed(await openRepository(cwd, all), all).catch((error: unknown) => {
    if (error instanceof Error) return error;
    throw error;
  });
  return { fast, slow };
}

const factsOf = ({ digest, manifest, source, listing }: PackedBundle) => ({ digest, manifest, source, listing });

describe("columns and objects give the same bundle, listing and warnings when a repository is in this state:", () => {
  for (const [name, state] of Object.entries(states)) {
    test(`${name}`, async () => {
      await using folder = await temporaryDirectory();
      const top = path.join(folder.path, "top");
      const beside = path.join(folder.path, "beside");
      await mkdir(beside);
      await state.make({ top, beside, git: (...args) => runGit(top, args) });
      const cwd = path.join(top, state.cwd ?? "");
      const cacheDirectory = path.join(folder.path, "cache");
      for (let time = 0; time < 2; time++) {
        const { fast, slow } = await packTwice(cwd, { cacheDirectory });
        if (fast === undefined) continue;
        if (slow instanceof Error) throw slow;
        expect(factsOf(fast)).toEqual(factsOf(slow));
        expect(fast.digest).toBe(manifestDigest(fast.manifest));
      }
    });
  }
});

test("most states of a repository are the common case, which columns are for", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, {
    files: { a: "a", "b/c": "ccc", "d e": { symlink: "a" }, "\u00e9/\u00fc": "u", Z: "z" },
  });
  const { fast } = await packTwice(folder.path);
  expect(fast?.listing.files.map((file) => text(file.path))).toEqual(["Z", "a", "b/c", "d e", "\u00e9/\u00fc"]);
  expect(fast?.digest).toBe((await pack(folder.path, { include: ["a"] })).digest);
});

test.each<readonly [string, Record<string, string>, Partial<PackageOptions>]>([
  ["names that differ only in case", { README: "", readme: "" }, {}],
  ["a name that holds secrets", { ".env": "A=1" }, { allowSecrets: [".env"] }],
  ["a secret inside", { key: `AKIA${"ABCDEFGH".repeat(2)}` }, { allowSecrets: ["key"] }],
  ["pointers of Git LFS", { ".gitattributes": "*.bin filter=lfs\n" }, {}],
  ["an ignore file", { a: "", ".slipwayignore": "a\n" }, {}],
  ["an exclude pattern", { a: "", b: "" }, { exclude: ["a"] }],
  ["an include pattern", { a: "", b: "" }, { include: ["a"] }],
  ["a limit that is exceeded", { a: "aaa" }, { maxBytes: 2 }],
])("%s is not for columns", async (_what, files, options) => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, { files });
  expect((await packTwice(folder.path, options)).fast).toBeUndefined();
});

test("helpers fill rows that nobody else does, each row once", async () => {
  await using folder = await temporaryDirectory();
  const names = Array.from({ length: 700 }, (_, n) => `f${String(n).padStart(5, "0")}`);
  await writeFiles(folder.path, Object.fromEntries(names.map((name) => [name, name])));
  await runGit(folder.path, ["init", "-q"]);
  await runGit(folder.path, ["add", "-A"]);
  const listed = execFileSync("git", ["ls-files", "-s", "-v", "-z"], { cwd: folder.path });
  const table = tableOfIndex(listed) ?? createTable(0, 0);
  expect(table.count).toBe(names.length);
  const alone = tableOfIndex(listed) ?? createTable(0, 0);
  for (const task of [tasks.look, tasks.read]) {
    const work = createRowWork(task, alone, folder.path);
    for (let row = 0; row < alone.count; row++) work(row);
  }
  await using crew = createCrew({ helpers: 3 });
  crew.start();
  await crew.fill(tasks.look, table, folder.path);
  await crew.fill(tasks.read, table, folder.path);
  expect(table.read).toEqual(alone.read);
  expect(table.read.every((read) => read === 1)).toBe(true);
  expect(table.digests.equals(alone.digests)).toBe(true);
  expect(table.stamps).toEqual(alone.stamps);
});

test("an aborted packaging ends with the signal's reason, helpers and all", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, { files: { a: "a" } });
  await symlink("a", `${folder.path}/b`);
  await writeFile(`${folder.path}/c`, "");
  const reason = new Error("enough");
  await expect(pack(folder.path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
