import { chmod, lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Bundle, Transport } from "@slipway/core";
import fc from "fast-check";
import { expect, test } from "vitest";

import { createCodeStore } from "../src/index.ts";
import type { StoreEvent } from "../src/index.ts";
import { bundleOf } from "./bundle.ts";
import type { BundledFile } from "./bundle.ts";
import { big, edited, expected, files, filesIn, more, uploads } from "./delta-files.ts";
import { errorOf, namesIn, readText, storeUnderTest, treeOf } from "./store-under-test.ts";
import { asNobody, changed, counting, folderOfCommands, searchPath } from "./transports.ts";
import { growingTrees } from "./trees.ts";

const inodeOf = async (...names: readonly string[]) => (await lstat(path.join(...names))).ino;

test("of changed code only what changed travels; all else is linked to what is there", async () => {
  const counted: { transport?: ReturnType<typeof counting> } = {};
  await using under = await storeUnderTest({
    hasCache: true,
    transport: (local) => (counted.transport = counting(local)),
  });
  const first = await under.store.stage(await bundleOf(...files));
  const bundle = await bundleOf(...edited);
  const second = await under.store.stage(bundle);
  expect(second).toEqual({
    digest: bundle.digest,
    instance: `${bundle.digest}.n2`,
    directory: under.at("code", `${bundle.digest}.n2`, "tree"),
    uploadedBytes: 10_240,
    reused: false,
  });
  expect(counted.transport?.commands).toHaveLength(2);
  const told = under.events.filter((event) => event.digest === bundle.digest);
  expect([told[0], ...told.slice(-2)]).toEqual([
    { type: "store.uploading", digest: bundle.digest, files: 1, bytes: 13, takenFrom: [first.instance] },
    { type: "store.progress", digest: bundle.digest, sentBytes: 3_011, totalBytes: 3_011 },
    { type: "store.staged", digest: bundle.digest, instance: second.instance, uploadedBytes: 10_240 },
  ]);
  expect(filesIn(await treeOf(second.directory))).toEqual(expected(edited));
  expect(await under.store.verify(second.instance)).toEqual([]);
  for (const name of ["lib/big.py", "lib/run"]) {
    expect(await inodeOf(second.directory, name)).toBe(await inodeOf(first.directory, name));
  }
  expect(await namesIn(under.at("code", first.instance, "L"))).toEqual([]);
  expect(await namesIn(under.at("code", second.instance))).toEqual(["L", "manifest", "tree"]);
  expect(await readText(under.at("links.json"))).toBe('{"version":1,"links":"hard"}\n');
  expect(await namesIn(under.at("trash"))).toEqual([]);
  expect(await under.store.stage(bundle)).toMatchObject({ reused: true, instance: second.instance });
});

test("a token's intent is in the new instance from its beginning, and nothing stays on the old one", async () => {
  await using under = await storeUnderTest({ hasCache: true });
  const first = await under.store.stage(await bundleOf(...files), { token: "e.j.1" });
  const second = await under.store.stage(await bundleOf(...edited), { token: "e.j.2" });
  expect(await namesIn(under.at("code", first.instance, "L"))).toEqual(["i.e.j.1"]);
  expect(await namesIn(under.at("code", second.instance, "L"))).toEqual(["i.e.j.2"]);
});

test("what was moved, renamed, copied or got another mode does not travel again", async () => {
  await using under = await storeUnderTest({ hasCache: true });
  const first = await under.store.stage(await bundleOf(...files, ...more));
  const shuffled: readonly BundledFile[] = [
    ...more,
    { path: "train.py", content: "print('hello')\n", executable: true },
    { path: "moved/big.py", content: big },
    { path: "moved/other name", content: big },
    { path: "lib/run", content: "#!/bin/sh\n" },
    { path: "old", content: "notes\n" },
  ];
  const second = await under.store.stage(await bundleOf(...shuffled));
  expect(uploads(under.events).at(-1)).toMatchObject({ files: 0, bytes: 0 });
  expect(second.uploadedBytes).toBe(0);
  expect(filesIn(await treeOf(second.directory))).toEqual(expected(shuffled));
  expect(await under.store.verify(second.instance)).toEqual([]);
  for (const name of ["moved/big.py", "moved/other name"]) {
    expect(await inodeOf(second.directory, name)).toBe(await inodeOf(first.directory, "lib/big.py"));
  }
  expect(await under.store.verify(first.instance)).toEqual([]);
});

test("code of several instances is put together, and a new content travels once", async () => {
  await using under = await storeUnderTest({ hasCache: true });
  const other = "o".repeat(50_000);
  const one = await under.store.stage(await bundleOf(...files));
  const two = await under.store.stage(await bundleOf({ path: "pkg/other.py", content: other }));
  const both: readonly BundledFile[] = [
    ...files,
    { path: "vendor/other.py", content: other },
    { path: "new/x", content: "new" },
    { path: "new/y", content: "new" },
    { path: "new/z", content: "new", executable: true },
  ];
  const third = await under.store.stage(await bundleOf(...both));
  expect(uploads(under.events).at(-1)).toMatchObject({ files: 1, bytes: 3, takenFrom: [one.instance, two.instance] });
  expect(filesIn(await treeOf(third.directory))).toEqual(expected(both));
  expect(await under.store.verify(third.instance)).toEqual([]);
});

test("code that has little in common with what is there travels whole", async () => {
  await using under = await storeUnderTest({ hasCache: true });
  await under.store.stage(await bundleOf(...files));
  await under.store.stage(
    await bundleOf({ path: "train.py", content: "print('hello')\n" }, { path: "x", content: "z".repeat(999) }),
  );
  expect(uploads(under.events).at(-1)).toEqual({
    type: "store.uploading",
    digest: expect.any(String),
    files: 2,
    bytes: 1_014,
  });
});

test("without a cache, the host is asked for the manifest of what it has", async () => {
  const large = [...files, { path: "large", content: "l".repeat(300_000) }];
  await using under = await storeUnderTest();
  const first = await under.store.stage(await bundleOf(...large));
  const second = await under.store.stage(await bundleOf(...large, { path: "more", content: "more" }));
  expect(uploads(under.events).at(-1)).toMatchObject({ files: 1, bytes: 4, takenFrom: [first.instance] });
  expect(await under.store.verify(second.instance)).toEqual([]);
  await chmod(under.at("code", second.instance, "manifest"), 0o644);
  await writeFile(under.at("code", second.instance, "manifest"), "no manifest");
  await under.store.stage(await bundleOf(...large, { path: "more", content: "and more" }));
  expect(uploads(under.events).at(-1)).toMatchObject({ takenFrom: [first.instance] });
});

test("a damaged cache is not believed, and only so many manifests are kept in it", async () => {
  await using under = await storeUnderTest({ hasCache: true });
  const cache = path.join(under.root, "..", "cache");
  const first = await under.store.stage(await bundleOf(...files));
  await writeFile(path.join(cache, first.digest), "damaged");
  await under.store.stage(await bundleOf(...edited));
  expect(uploads(under.events).at(-1)).not.toHaveProperty("takenFrom");
  for (let index = 0; index < 18; index++) await under.store.stage(await bundleOf({ path: `${index}` }));
  expect(await namesIn(cache)).toHaveLength(16);
});

/** Modes mean nothing to root. */
const isRoot = process.getuid?.() === 0;

test("any tree is made right from any trees before it, whatever the names, kinds and modes", async () => {
  let deltas = 0;
  let fallBacks = 0;
  await fc.assert(
    fc.asyncProperty(growingTrees, async (trees) => {
      await using under = await storeUnderTest({ hasCache: true, ...(isRoot && { transport: asNobody }) });
      await mkdir(under.root);
      await chmod(under.root, 0o777);
      for (const tree of trees) {
        const staged = await under.store.stage(await bundleOf(...tree));
        expect(filesIn(await treeOf(staged.directory))).toEqual(expected(tree));
        expect(await under.store.verify(staged.instance)).toEqual([]);
      }
      for (const { instance } of await under.store.list()) {
        expect(await under.store.verify(instance)).toEqual([]);
        expect(await namesIn(under.at("code", instance, "L"))).toEqual([]);
      }
      deltas += uploads(under.events).filter((event) => "takenFrom" in event).length;
      fallBacks += under.events.filter((event) => event.type === "store.delta_failed").length;
    }),
    { numRuns: 8 },
  );
  expect(deltas).toBeGreaterThan(8);
  expect(fallBacks).toBe(0);
}, 240_000);

test("where the file system has no hard links, what is there is copied", async () => {
  await using folder = await storeUnderTest();
  const bin = await folderOfCommands(`${folder.root}-bin`, {});
  await writeFile(`${bin}/ln`, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  await using under = await storeUnderTest({ hasCache: true, env: { PATH: `${bin}:${searchPath}` } });
  const first = await under.store.stage(await bundleOf(...files));
  const second = await under.store.stage(await bundleOf(...edited));
  expect(await readText(under.at("links.json"))).toBe('{"version":1,"links":"none"}\n');
  expect(uploads(under.events).at(-1)).toMatchObject({ files: 1, takenFrom: [first.instance] });
  expect(await inodeOf(second.directory, "lib/big.py")).not.toBe(await inodeOf(first.directory, "lib/big.py"));
  expect(await under.store.verify(second.instance)).toEqual([]);
});

test("code of somebody else, which may not be kept by an intent, is not built on", async ({ skip }) => {
  skip(process.getuid?.() !== 0, "needs root, to run commands as nobody");
  await using under = await storeUnderTest({ hasCache: true });
  const first = await under.store.stage(await bundleOf(...files));
  for (const name of ["code", "trash", ""]) await chmod(under.at(name), 0o777);
  const nobody = changed(under.transport, (argv) => ({
    argv: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...argv],
  }));
  const cacheDirectory = path.join(under.root, "..", "cache");
  const events: StoreEvent[] = [];
  const store = createCodeStore({
    transport: nobody,
    root: under.root,
    clusterName: "local",
    cacheDirectory,
    onEvent: (event) => events.push(event),
  });
  const second = await store.stage(await bundleOf(...edited));
  expect(await store.verify(second.instance)).toEqual([]);
  expect(await inodeOf(second.directory, "lib/big.py")).not.toBe(await inodeOf(first.directory, "lib/big.py"));
  await chmod(under.at("code", first.instance, "L"), 0o777);
  await under.store.apply([{ step: "close", instance: second.instance }]);
  const third = await store.stage(await bundleOf(...edited, { path: "more" }));
  expect(uploads(events).map((event) => event.takenFrom)).toEqual([undefined, [first.instance]]);
  expect(await store.verify(third.instance)).toEqual([]);
});

/** The same host, as if it were far away. */
const far = (local: Transport): Transport => ({ ...local, host: "far" });

test("on the way to another host the code is packed, whole or in part", async () => {
  await using under = await storeUnderTest({ hasCache: true, transport: far });
  const first = await under.store.stage(await bundleOf(...files));
  expect(first.uploadedBytes).toBeLessThan(2_000);
  expect(await under.store.verify(first.instance)).toEqual([]);
  const second = await under.store.stage(await bundleOf(...edited));
  expect(second.uploadedBytes).toBeLessThan(1_000);
  expect(uploads(under.events).at(-1)).toMatchObject({ files: 1, takenFrom: [first.instance] });
  expect(await under.store.verify(second.instance)).toEqual([]);
});

test("a packed upload that is cut off is refused, and nothing of it stays", async () => {
  const cut = { afterBytes: Infinity, sentBytes: 0 };
  const transport = (local: Transport) =>
    changed(far(local), (_, options) => {
      const { stdin } = options;
      if (stdin === undefined || typeof stdin === "string" || stdin instanceof Uint8Array) return {};
      return { options: { ...options, stdin: upTo(stdin, cut) } };
    });
  await using whole = await storeUnderTest({ hasCache: true, transport });
  await whole.store.stage(await bundleOf(...files));
  cut.sentBytes = 0;
  const { uploadedBytes } = await whole.store.stage(await bundleOf(...edited));
  const scriptBytes = cut.sentBytes - uploadedBytes;
  await using under = await storeUnderTest({ hasCache: true, transport });
  const first = await under.store.stage(await bundleOf(...files));
  for (const afterBytes of [0, 1, 700, scriptBytes - 1, scriptBytes, scriptBytes + 100]) {
    cut.afterBytes = afterBytes;
    cut.sentBytes = 0;
    const error = await errorOf(under.store.stage(await bundleOf(...edited)));
    expect([afterBytes, error.code]).toEqual([afterBytes, expect.stringMatching(/STORE_(NO_ANSWER|CORRUPT_UPLOAD)/)]);
    expect(await under.leftovers()).toEqual([first.instance]);
    expect(await namesIn(under.at("code", first.instance, "L"))).toEqual([]);
  }
});

async function* upTo(
  source: AsyncIterable<Uint8Array>,
  cut: { readonly afterBytes: number; sentBytes: number },
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    const left = cut.afterBytes - cut.sentBytes;
    cut.sentBytes += bytes.length;
    yield bytes.subarray(0, Math.max(0, left));
    if (left <= bytes.length) return;
  }
}

test("aborting while the changes are sent rejects with the reason, and gives everything back", async () => {
  await using under = await storeUnderTest({ hasCache: true });
  const first = await under.store.stage(await bundleOf(...files));
  const bundle = await bundleOf(...edited);
  const abort = new AbortController();
  const reason = new Error("stopped by the test");
  const stopping: Bundle = {
    ...bundle,
    async *tar() {
      yield new Uint8Array(512);
      abort.abort(reason);
      await new Promise<never>(() => {});
    },
  };
  await expect(under.store.stage(stopping, { signal: abort.signal })).rejects.toBe(reason);
  expect(await under.leftovers()).toEqual([first.instance]);
  expect(await namesIn(under.at("code", first.instance, "L"))).toEqual([]);
});

test("a disk that is full while changes are made is told, and gives back what they took", async ({ skip }) => {
  await using under = await storeUnderTest({ hasCache: true });
  await mkdir(under.root);
  const mounted = await under.transport.exec(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", under.root]);
  skip(mounted.exitCode !== 0, `needs to mount a small file system: ${mounted.stderr}`);
  try {
    const large = [...files, { path: "large", content: "l".repeat(900_000) }];
    const first = await under.store.stage(await bundleOf(...large));
    const bundle = await bundleOf(...large, { path: "more", content: "m".repeat(1_500_000) });
    expect(await errorOf(under.store.stage(bundle))).toMatchObject({ code: "STORE_DISK_FULL" });
    expect(uploads(under.events).map((event) => "takenFrom" in event)).toEqual([false, true]);
    expect(await under.leftovers()).toEqual([first.instance]);
    expect(await namesIn(under.at("code", first.instance, "L"))).toEqual([]);
    const small = await under.store.stage(await bundleOf(...large, { path: "more" }));
    expect(await under.store.verify(small.instance)).toEqual([]);
  } finally {
    await under.transport.exec(["umount", under.root]);
  }
});

test("how far an upload is, is told up to its end", async () => {
  await using under = await storeUnderTest();
  const bundle = await bundleOf({ path: "large", content: "l".repeat(3_000_000) });
  await under.store.stage(bundle);
  const manifest = await readFile(under.at("code", `${bundle.digest}.n1`, "manifest"));
  const told = under.events.filter((event) => event.type === "store.progress");
  expect(
    told.every(
      ({ sentBytes, totalBytes }, index) => sentBytes <= totalBytes && sentBytes >= (told[index - 1]?.sentBytes ?? 0),
    ),
  ).toBe(true);
  expect(told.at(-1)).toEqual({
    type: "store.progress",
    digest: bundle.digest,
    sentBytes: told[0]?.totalBytes,
    totalBytes: Math.ceil(3_000_000 / 512) * 512 + 3 * 512 + manifest.length,
  });
  expect(await readdir(under.at("trash"))).toEqual([]);
});
