import { chmod, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";

import { fakeClock, gitRepository, temporaryDirectory, writeFiles } from "@slipway/testing";
import fc from "fast-check";
import { expect, test } from "vitest";

import { createRowFinder, isUnchanged, parseStatCache, renderStatCache } from "../src/cache-file.ts";
import type { CachedFiles, SeenFile } from "../src/cache-file.ts";
import type { PackagerEvent, PackageOptions } from "../src/index.ts";
import { pack } from "./helpers.ts";

const files = { a: "aaa", "b/c": "ccc", "b/d": "ddd", e: { symlink: "a" } };

/** Packs and tells how many files had to be read. */
async function packAndCount(cwd: string, options: Partial<PackageOptions>) {
  const events: PackagerEvent[] = [];
  const { digest } = await pack(cwd, { ...options, onEvent: (event) => void events.push(event) });
  const hashed = events.find((event) => event.type === "packager.hashed");
  return { digest, read: hashed?.hashedFiles, events };
}

/** Long after the files were written. */
const later = () => fakeClock(new Date(Date.now() + 3_600_000));

test("content that was read once is not read again until something about the file changes", async () => {
  await using folder = await temporaryDirectory();
  const mine = `${folder.path}/mine`;
  await gitRepository(mine, { files });
  const options = { cacheDirectory: `${folder.path}/cache`, clock: later() };
  const first = await packAndCount(mine, options);
  expect(first.read).toBe(3);
  expect(await packAndCount(mine, options)).toMatchObject({ read: 0, digest: first.digest });

  await writeFiles(mine, { "b/c": "CCC" });
  const edited = await packAndCount(mine, options);
  expect(edited.read).toBe(1);
  expect(edited.digest).not.toBe(first.digest);
  expect(edited.digest).toBe((await pack(mine)).digest);

  await chmod(`${mine}/a`, 0o755);
  expect(await packAndCount(mine, options)).toMatchObject({ read: 1 });
  await writeFile(`${mine}/copy`, "ddd");
  await rename(`${mine}/copy`, `${mine}/b/d`);
  await utimes(`${mine}/a`, 1, 1);
  expect(await packAndCount(mine, options)).toMatchObject({ read: 2 });
});

test("an edit that keeps size and time of modification is seen", async () => {
  await using folder = await temporaryDirectory();
  const mine = `${folder.path}/mine`;
  await gitRepository(mine, { files });
  await utimes(`${mine}/a`, 1_000, 1_000);
  const options = { cacheDirectory: `${folder.path}/cache`, clock: later() };
  const first = await packAndCount(mine, options);
  await writeFile(`${mine}/a`, "bbb");
  await utimes(`${mine}/a`, 1_000, 1_000);
  expect((await packAndCount(mine, options)).digest).not.toBe(first.digest);
});

test("a file as young as what is remembered of it is read again", async () => {
  await using folder = await temporaryDirectory();
  const mine = `${folder.path}/mine`;
  await gitRepository(mine, { files });
  const cacheDirectory = `${folder.path}/cache`;
  const atOnce = fakeClock(new Date());
  expect(await packAndCount(mine, { cacheDirectory, clock: atOnce })).toMatchObject({ read: 3 });
  expect(await packAndCount(mine, { cacheDirectory, clock: atOnce })).toMatchObject({ read: 3 });
  atOnce.advance(3_600_000);
  expect(await packAndCount(mine, { cacheDirectory, clock: atOnce })).toMatchObject({ read: 3 });
  expect(await packAndCount(mine, { cacheDirectory, clock: atOnce })).toMatchObject({ read: 0 });
});

test("a damaged cache is an empty one, wherever the damage is", async () => {
  await using folder = await temporaryDirectory();
  const mine = `${folder.path}/mine`;
  await gitRepository(mine, { files });
  const options = { cacheDirectory: `${folder.path}/cache`, clock: later() };
  const { digest } = await packAndCount(mine, options);
  const [name = ""] = await readdir(options.cacheDirectory);
  const file = `${options.cacheDirectory}/${name}`;
  const whole = await readFile(file);
  for (const length of [0, 1, 31, 32, 40, whole.length - 1]) {
    await writeFile(file, whole.subarray(0, length));
    expect(await packAndCount(mine, options)).toMatchObject({ read: 3, digest });
  }
  for (let at = 0; at < whole.length; at += 7) {
    const damaged = Buffer.from(whole);
    damaged[at] = 255 - (damaged[at] ?? 0);
    await writeFile(file, damaged);
    expect(await packAndCount(mine, options)).toMatchObject({ read: 3, digest });
  }
});

test("a cache that cannot be written is told and does no harm", async () => {
  await using folder = await temporaryDirectory();
  const mine = `${folder.path}/mine`;
  await gitRepository(mine, { files });
  await writeFile(`${folder.path}/taken`, "a file");
  const { events, digest } = await packAndCount(mine, { cacheDirectory: `${folder.path}/taken/cache` });
  expect(digest).toBe((await pack(mine)).digest);
  expect(events).toContainEqual({
    type: "packager.not_remembered",
    reason: expect.stringContaining("ENOTDIR") as string,
  });
});

test("many packagings with one cache at once are all right and leave one file", async () => {
  await using folder = await temporaryDirectory();
  const mine = `${folder.path}/mine`;
  await gitRepository(mine, { files });
  const options = { cacheDirectory: `${folder.path}/cache`, clock: later() };
  const digests = await Promise.all(Array.from({ length: 6 }, async () => (await pack(mine, options)).digest));
  expect(new Set(digests).size).toBe(1);
  expect(await readdir(options.cacheDirectory)).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.stat$/)]);
});

test("what was not used for a month is removed, and what a killed process left", async () => {
  await using folder = await temporaryDirectory();
  const mine = `${folder.path}/mine`;
  await gitRepository(mine, { files });
  const cacheDirectory = `${folder.path}/cache`;
  await mkdir(cacheDirectory);
  for (const name of ["old.stat", "old.partial", "old.txt"]) {
    await writeFile(`${cacheDirectory}/${name}`, "");
    await utimes(`${cacheDirectory}/${name}`, 1, 1);
  }
  await packAndCount(mine, { cacheDirectory });
  expect((await readdir(cacheDirectory)).filter((name) => name.startsWith("old"))).toEqual(["old.txt"]);
  await rm(cacheDirectory, { recursive: true });
});

interface Remembered extends SeenFile {
  readonly path: Buffer;
  readonly sha256: string;
}

function tableOf(seen: readonly Remembered[]): CachedFiles {
  const ends = seen.map((_, row) => seen.slice(0, row + 1).reduce((sum, { path }) => sum + path.length + 1, 0));
  return {
    count: seen.length,
    readSinceMs: 1e14,
    stamps: Float64Array.from(seen.flatMap(({ size, stamp }) => [size, stamp.mtimeMs, stamp.ctimeMs, stamp.inode])),
    digests: Buffer.from(seen.map(({ sha256 }) => sha256).join(""), "hex"),
    starts: Uint32Array.from([0, ...ends]),
    kinds: new Uint8Array(seen.length).fill(1),
    names: Buffer.concat(seen.flatMap(({ path }) => [path, Buffer.from([0])])),
  };
}

test("whatever is remembered is found again, and nothing else", () => {
  const seen = fc.record({
    path: fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    size: fc.nat(),
    stamp: fc.record({
      mtimeMs: fc.double({ noNaN: true, min: -1e13, max: 1e13 }),
      ctimeMs: fc.double({ noNaN: true, min: 0, max: 1e13 }),
      inode: fc.maxSafeNat(),
    }),
    sha256: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex")),
    isRemembered: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.uniqueArray(seen, { selector: ({ path }) => path.toString("latin1") }), (unsorted) => {
      const all = unsorted.toSorted((a, b) => Buffer.compare(a.path, b.path));
      const remembered = all.filter((file) => file.isRemembered);
      const cached = parseStatCache(Buffer.from(renderStatCache(tableOf(remembered))));
      expect(cached).toMatchObject({ count: remembered.length, readSinceMs: 1e14 });
      const findRow = cached && createRowFinder(cached);
      const found = all.map((file) => {
        const row = findRow?.(file.path) ?? -1;
        const isFound = cached && row >= 0 && isUnchanged(cached, row, file);
        return isFound ? cached.digests.toString("hex", row * 32, row * 32 + 32) : undefined;
      });
      expect(found).toEqual(all.map((file) => (file.isRemembered ? file.sha256 : undefined)));
    }),
  );
});
