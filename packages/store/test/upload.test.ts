import { rename } from "node:fs/promises";

import { createManifest, manifestDigest } from "@slipway/core";
import type { ManifestEntry, SlipwayError } from "@slipway/core";
import { eventually } from "@slipway/testing";
import { expect, test } from "vitest";

import { createCodeStore } from "../src/index.ts";
import { bundleFrom, bundleOf, bundleWithTar, tarOf } from "./bundle.ts";
import type { BundledFile } from "./bundle.ts";
import { errorOf, exampleBundle, exampleFiles, namesIn, storeUnderTest } from "./store-under-test.ts";
import { dyingTransport } from "./transports.ts";

const replaced = (path: string, ...by: readonly BundledFile[]) => [
  ...exampleFiles.filter((file) => file.path !== path),
  ...by,
];

test.each<readonly [string, readonly string[], readonly BundledFile[]]>([
  [
    "another content",
    ["the content of tree/train.py is not what its manifest says"],
    replaced("train.py", { path: "train.py", content: "print('jello')\n" }),
  ],
  ["a file less", ["2 files where its manifest has 3", "tree/train.py is missing"], replaced("train.py")],
  [
    "a file more",
    ["4 files where its manifest has 3", "tree/more is not in its manifest"],
    replaced("", { path: "more" }),
  ],
  [
    "an executable too many",
    ["2 executable files where its manifest has 1"],
    replaced("train.py", { path: "train.py", content: "print('hello')\n", executable: true }),
  ],
  [
    "another link target",
    ["the target of the link tree/latest is not what its manifest says"],
    replaced("latest", { path: "latest", target: "data" }),
  ],
  [
    "a file for a link",
    ["4 files where its manifest has 3", "0 symbolic links where its manifest has 1"],
    replaced("latest", { path: "latest", content: "" }),
  ],
  [
    "another folder",
    ["4 directories where its manifest has 3", "4 files where its manifest has 3", "tree/new/x is not in its manifest"],
    replaced("", { path: "new/x" }),
  ],
])("an upload with %s is refused, and nothing of it stays", async (_, problems, files) => {
  await using under = await storeUnderTest();
  const { manifest } = await exampleBundle();
  const error = await errorOf(under.store.stage(await bundleFrom(manifest, files)));
  expect(error).toMatchObject({ code: "STORE_CORRUPT_UPLOAD", hint: "Nothing of it is kept. Stage again." });
  expect(new Set((error.details as { problems: string[] }).problems)).toEqual(new Set(problems));
  expect(await under.leftovers()).toEqual([]);
});

test("an upload with the manifest of another bundle is refused", async () => {
  await using under = await storeUnderTest();
  const { manifest } = await exampleBundle();
  const other = await tarOf(await bundleOf({ path: "other" }));
  const error = await errorOf(under.store.stage(bundleWithTar(manifest, other)));
  expect(error).toMatchObject({
    code: "STORE_CORRUPT_UPLOAD",
    message: expect.stringContaining("its manifest is not the one of its digest"),
  });
  expect(await under.leftovers()).toEqual([]);
});

test("an upload that is no tar is refused, with what tar said as the cause", async () => {
  await using under = await storeUnderTest();
  const { manifest } = await exampleBundle();
  const error = await errorOf(under.store.stage(bundleWithTar(manifest, Buffer.from("no tar ".repeat(1_000)))));
  expect(error).toMatchObject({ code: "STORE_CORRUPT_UPLOAD", cause: { message: expect.stringMatching(/tar/) } });
  expect(await under.leftovers()).toEqual([]);
});

test("an upload cut before its last file has arrived is refused, wherever it was cut", async () => {
  await using under = await storeUnderTest();
  const { manifest } = await exampleBundle();
  const tar = await tarOf(await exampleBundle());
  const lastByte = tar.findLastIndex((byte) => byte !== 0);
  const cuts = Array.from({ length: 24 }, (_, step) =>
    step % 2 === 0 ? step * 512 : Math.floor((step * lastByte) / 40),
  );
  for (const cut of [...cuts.filter((position) => position <= lastByte), lastByte]) {
    const error = await errorOf(under.store.stage(bundleWithTar(manifest, tar.subarray(0, cut))));
    expect([cut, error.code, await under.leftovers()]).toEqual([cut, "STORE_CORRUPT_UPLOAD", []]);
  }
  expect(await under.store.stage(await exampleBundle())).toMatchObject({ reused: false });
});

test("a bundle that fails while it is read is that failure, and nothing of it stays visible", async () => {
  await using under = await storeUnderTest();
  const bundle = await exampleBundle();
  const failure = new Error("train.py changed while it was read");
  async function* failing() {
    yield (await tarOf(bundle)).subarray(0, 2_048);
    throw failure;
  }
  await expect(under.store.stage({ ...bundle, tar: failing })).rejects.toBe(failure);
  expect(await namesIn(under.at("code"))).toEqual([]);
  expect(await under.store.stage(bundle)).toMatchObject({ reused: false });
});

test("aborting an upload rejects with the reason, and takes away what had arrived", async () => {
  await using under = await storeUnderTest();
  const bundle = await exampleBundle();
  const abort = new AbortController();
  const reason = new Error("stopped by the test");
  async function* slow() {
    yield (await tarOf(bundle)).subarray(0, 2_048);
    abort.abort(reason);
    await new Promise<never>(() => {});
  }
  await expect(under.store.stage({ ...bundle, tar: slow }, { signal: abort.signal })).rejects.toBe(reason);
  expect(await under.leftovers()).toEqual([]);
});

test("every method rejects at once with the reason of a signal that is aborted already", async () => {
  await using under = await storeUnderTest();
  const reason = new Error("no more");
  const options = { signal: AbortSignal.abort(reason) };
  await expect(under.store.stage(await exampleBundle(), options)).rejects.toBe(reason);
  await expect(under.store.list(options)).rejects.toBe(reason);
  await expect(under.store.verify(`${"0".repeat(64)}.x`, options)).rejects.toBe(reason);
});

test("a transport that is closed midway leaves nothing visible", async () => {
  await using under = await storeUnderTest();
  const bundle = await exampleBundle();
  async function* closing() {
    yield (await tarOf(bundle)).subarray(0, 2_048);
    void under.transport[Symbol.asyncDispose]();
    await new Promise<never>(() => {});
  }
  await expect(under.store.stage({ ...bundle, tar: closing })).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
  expect(await namesIn(under.at("code"))).toEqual([]);
});

test("an upload that a cleaner has taken away is told, and is not published", async () => {
  await using under = await storeUnderTest();
  const bundle = await exampleBundle();
  async function* reclaimed() {
    const tar = await tarOf(bundle);
    yield tar.subarray(0, 2_048);
    const staging = await eventually("the staging folder with its leases", async () => {
      const [name = ""] = await namesIn(under.at("code"));
      return name !== "" && (await namesIn(under.at("code", name))).includes("L") && name;
    });
    await rename(under.at("code", staging), under.at("trash", ".del-reclaimed"));
    yield tar.subarray(2_048);
  }
  expect(await errorOf(under.store.stage({ ...bundle, tar: reclaimed }))).toMatchObject({
    code: "STORE_UPLOAD_RECLAIMED",
    hint: "Stage again.",
  });
  expect(await under.leftovers()).toEqual([".del-reclaimed"]);
});

test("kill -9 of everything at any moment leaves nothing visible that is not whole", async () => {
  await using under = await storeUnderTest();
  const files = Array.from({ length: 100 }, (_, index) => ({
    path: `d${index % 9}/f${index}`,
    content: `${index}`.repeat(400),
    executable: index % 3 === 0,
  }));
  const bundle = await bundleOf(...files, { path: "odd\nname", content: "odd" });
  const { length } = await tarOf(bundle);
  const codes: string[] = [];
  const problems: string[] = [];
  for (let round = 0; round < 40; round++) {
    // Every fourth is killed while bytes are still to come, the others at some moment after the last one.
    const isCut = round % 4 === 0;
    const transport = dyingTransport(isCut ? (length * round) / 40 : length, isCut ? 0 : round);
    const store = createCodeStore({ transport, root: under.root, clusterName: "local" });
    codes.push(
      await store.stage(bundle).then(
        () => "staged",
        ({ code }: SlipwayError) => code,
      ),
    );
    for (const { instance } of await under.store.list()) problems.push(...(await under.store.verify(instance)));
    await under.transport.exec(["sh", "-c", 'chmod -R u+w "$1" && rm -r "$1"', "sh", under.at("code")]);
  }
  expect(problems).toEqual([]);
  expect(codes.filter((_, round) => round % 4 === 0)).toEqual(Array.from({ length: 10 }, () => "STORE_NO_ANSWER"));
  expect(["STORE_NO_ANSWER", "staged"]).toEqual(expect.arrayContaining([...new Set(codes)]));
  expect(await under.store.stage(bundle)).toMatchObject({ digest: bundle.digest });
});

test.each<readonly [string, string, readonly string[]]>([
  ["leaves the tree", 'The bundle\'s path "../outside" is not a plain relative path', ["../outside"]],
  ["is absolute", 'The bundle\'s path "/etc/x" is not a plain relative path', ["/etc/x"]],
  ["goes through a dot", 'The bundle\'s path "a/./b" is not a plain relative path', ["a/./b"]],
  ["lies below a file", 'The bundle\'s path "a/b/c" lies below a file or a link', ["a", "a/b/c"]],
  ["is there twice", 'The bundle\'s path "a" is there twice', ["a", "a"]],
])("a path that %s is refused before anything travels", async (_, message, paths) => {
  await using under = await storeUnderTest();
  const entries = paths.map((path): ManifestEntry => ({
    kind: "symlink",
    path: Buffer.from(path),
    target: Buffer.from("x"),
  }));
  const manifest = createManifest(entries);
  const bundle = { ...bundleWithTar(manifest, new Uint8Array()), digest: manifestDigest(manifest) };
  expect(await errorOf(under.store.stage(bundle))).toMatchObject({ code: "STORE_UNSAFE_PATH", message });
  expect(await under.leftovers()).toEqual([]);
});
