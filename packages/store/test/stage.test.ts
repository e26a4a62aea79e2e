import { chmod, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";

import { renderManifest } from "@slipway/core";
import type { Transport } from "@slipway/core";
import { expect, test } from "vitest";

import { createCodeStore } from "../src/index.ts";
import { bundleOf } from "./bundle.ts";
import { exampleBundle, makeFolder, namesIn, readText, storeUnderTest, treeOf } from "./store-under-test.ts";
import { behind, counting, localTransport } from "./transports.ts";

test("a staged bundle lies complete and read-only beside its manifest, open to leases", async () => {
  await using under = await storeUnderTest();
  const bundle = await exampleBundle();
  const staged = await under.store.stage(bundle);
  const instance = `${bundle.digest}.n1`;
  expect(staged).toEqual({
    digest: bundle.digest,
    instance,
    directory: under.at("code", instance, "tree"),
    uploadedBytes: 20_480,
    reused: false,
  });
  expect(await treeOf(under.at())).toEqual({
    "layout.json": '644 {"version":1,"clusterName":"local"}\n',
    "trash/": "755",
    "code/": "755",
    [`code/${instance}/`]: "755",
    [`code/${instance}/L/`]: "755",
    [`code/${instance}/manifest`]: `444 ${Buffer.from(renderManifest(bundle.manifest)).toString()}`,
    [`code/${instance}/tree/`]: "555",
    [`code/${instance}/tree/train.py`]: "444 print('hello')\n",
    [`code/${instance}/tree/bin/`]: "555",
    [`code/${instance}/tree/bin/run`]: "555 #!/bin/sh\n",
    [`code/${instance}/tree/data/`]: "555",
    [`code/${instance}/tree/data/empty`]: "444 ",
    [`code/${instance}/tree/latest`]: "-> data/empty",
  });
  expect(under.events.filter(({ type }) => type !== "store.progress")).toEqual([
    { type: "store.uploading", digest: bundle.digest, files: 3, bytes: 25 },
    { type: "store.staged", digest: bundle.digest, instance, uploadedBytes: 20_480 },
  ]);
});

test("the same bundle again costs one command and no byte, and is the same copy", async () => {
  const counted: { transport?: ReturnType<typeof counting> } = {};
  await using under = await storeUnderTest({ transport: (local) => (counted.transport = counting(local)) });
  const first = await under.store.stage(await exampleBundle());
  expect(counted.transport?.commands).toHaveLength(1);
  const second = await under.store.stage(await exampleBundle());
  expect(counted.transport?.commands).toHaveLength(2);
  expect(second).toEqual({ ...first, uploadedBytes: 0, reused: true });
  expect(under.events.at(-1)).toEqual({ type: "store.reused", digest: first.digest, instance: first.instance });
  expect(await namesIn(under.at("code"))).toEqual([first.instance]);
});

test("what is sent for an unchanged bundle stays small", async () => {
  const counted: { transport?: ReturnType<typeof counting> } = {};
  await using under = await storeUnderTest({ transport: (local) => (counted.transport = counting(local)) });
  await under.store.stage(await exampleBundle());
  await under.store.stage(await exampleBundle());
  expect(counted.transport?.commands.at(-1)?.join(" ").length).toBeLessThan(4_900);
});

test("another bundle is a second copy, and the first stays as it is", async () => {
  await using under = await storeUnderTest();
  const first = await under.store.stage(await exampleBundle());
  const before = await treeOf(first.directory);
  const second = await under.store.stage(await bundleOf({ path: "train.py", content: "print('changed')\n" }));
  expect(await treeOf(first.directory)).toEqual(before);
  expect(await treeOf(second.directory)).toEqual({ "train.py": "444 print('changed')\n" });
});

test("code cannot be changed by who may not override modes", async ({ skip }) => {
  skip(process.getuid?.() !== 0, "needs root, to run commands as nobody");
  const nobody = (local: Transport) => behind(local, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
  await using under = await storeUnderTest({ transport: nobody });
  await mkdir(under.root);
  await chmod(under.root, 0o777);
  const { directory } = await under.store.stage(await exampleBundle());
  for (const script of ["echo x >train.py", "rm train.py", "touch bin/new", "mv bin b"]) {
    expect((await under.transport.exec(["sh", "-c", `cd "$1" && ${script}`, "sh", directory])).exitCode).not.toBe(0);
  }
  expect((await under.transport.exec(["sh", "-c", 'cd "$1" && exec ./bin/run', "sh", directory])).exitCode).toBe(0);
});

test("a strict umask keeps the store private and does not change the code's modes", async () => {
  const script = 'umask 077; exec "$@"';
  await using under = await storeUnderTest({ transport: (local) => behind(local, "sh", "-c", script, "sh") });
  const { instance } = await under.store.stage(await exampleBundle());
  expect(await treeOf(under.root)).toMatchObject({
    "store/": "700",
    [`store/code/${instance}/tree/bin/`]: "555",
    [`store/code/${instance}/tree/bin/run`]: "555 #!/bin/sh\n",
  });
});

test.each([
  "two words",
  "quote'",
  'double"',
  "line\nbreak",
  "$(touch oops)",
  "`touch oops`",
  "-n",
  "*",
  "back\\slash",
  "é💥",
])("the root may be named %j", async (name) => {
  await using under = await storeUnderTest({ root: `${name}/job dir` });
  const staged = await under.store.stage(await exampleBundle());
  expect(await namesIn(staged.directory)).toEqual(["bin", "data", "latest", "train.py"]);
  expect(await under.store.stage(await exampleBundle())).toMatchObject({ instance: staged.instance, reused: true });
  expect(await under.store.verify(staged.instance)).toEqual([]);
  expect(await namesIn(under.root)).toEqual(["store"]);
});

test("the root may be a symbolic link", async () => {
  await using under = await storeUnderTest();
  const elsewhere = await makeFolder(`${under.root}-elsewhere`);
  await symlink(elsewhere, under.root);
  const { directory } = await under.store.stage(await exampleBundle());
  expect(await readText(directory, "train.py")).toBe("print('hello')\n");
  expect(await namesIn(elsewhere)).toEqual(["store"]);
});

test("a bundle may be one hidden file, or 1,200 executables", async () => {
  await using under = await storeUnderTest();
  const many = Array.from({ length: 1_200 }, (_, index) => ({
    path: `d${index % 7}/x${index}`,
    executable: true,
    content: `${index}`,
  }));
  for (const bundle of [await bundleOf({ path: ".hidden" }), await bundleOf(...many)]) {
    const { instance } = await under.store.stage(bundle);
    expect(await under.store.verify(instance)).toEqual([]);
    expect(await under.store.stage(bundle)).toMatchObject({ instance, reused: true });
  }
});

test("what a login shell prints is not taken for an answer", async () => {
  const noise =
    'printf "HAVE all\\nNEED\\nFAIL tool x\\nWelcome, no newline"; printf "No space left on device" >&2; exec "$@"';
  await using under = await storeUnderTest({ transport: (local) => behind(local, "sh", "-c", noise, "sh") });
  const staged = await under.store.stage(await exampleBundle());
  expect(await under.store.stage(await exampleBundle())).toMatchObject({ instance: staged.instance, reused: true });
  expect(await under.store.list()).toHaveLength(1);
});

test("variables of the login do not change what the tools do", async () => {
  await using under = await storeUnderTest({
    env: { TAR_OPTIONS: "--exclude=train.py", CDPATH: "/tmp", LC_ALL: "de_DE.UTF-8" },
  });
  const { instance } = await under.store.stage(await exampleBundle());
  expect(await under.store.verify(instance)).toEqual([]);
});

test("two who stage at once are both right, and later ones converge on one copy", async () => {
  await using under = await storeUnderTest();
  await using transport = localTransport();
  const others = Array.from({ length: 4 }, () =>
    createCodeStore({ transport, root: under.root, clusterName: "local" }),
  );
  const staged = await Promise.all(others.map(async (store) => store.stage(await exampleBundle())));
  for (const { instance } of staged) expect(await under.store.verify(instance)).toEqual([]);
  const [preferred] = await namesIn(under.at("code"));
  const later = await Promise.all(others.map(async (store) => store.stage(await exampleBundle())));
  expect(later.map(({ instance }) => instance)).toEqual(others.map(() => preferred));
  expect(await namesIn(under.at("trash"))).toEqual([]);
});

test("a closed instance is never used again, and none is made of its name", async () => {
  await using under = await storeUnderTest();
  const first = await under.store.stage(await exampleBundle());
  await rm(under.at("code", first.instance, "L"), { recursive: true });
  const second = await under.store.stage(await exampleBundle());
  expect(second).toMatchObject({ reused: false, instance: `${first.digest}.n2` });
  expect(await namesIn(under.at("code", first.instance))).toEqual(["manifest", "tree"]);
});

test("an unfinished upload, a link and another name are not taken for instances", async () => {
  await using under = await storeUnderTest();
  const first = await under.store.stage(await exampleBundle());
  await rename(under.at("code", first.instance), under.at("code", `.in-${first.digest}.aa`));
  await symlink(`.in-${first.digest}.aa`, under.at("code", `${first.digest}.bb`));
  await mkdir(under.at("code", `${first.digest}.c c`, "L"), { recursive: true });
  expect(await under.store.stage(await exampleBundle())).toMatchObject({ reused: false });
});

test.each([
  ["its manifest is missing", (tree: string) => rm(`${tree}/../manifest`)],
  ["its manifest is not the one of its digest", (tree: string) => writeFile(`${tree}/../manifest`, "other\n")],
  ["its tree is missing", (tree: string) => rm(tree, { recursive: true })],
  ["3 of 4 names are at its top", (tree: string) => rm(`${tree}/train.py`)],
  ["5 of 4 names are at its top", (tree: string) => writeFile(`${tree}/..extra`, "")],
])("an instance damaged by hand is told (%s) and left, and another one is uploaded", async (problem, damage) => {
  await using under = await storeUnderTest();
  const first = await under.store.stage(await exampleBundle());
  await damage(first.directory);
  const before = await treeOf(under.at("code", first.instance));
  const second = await under.store.stage(await exampleBundle());
  expect(second.reused).toBe(false);
  expect(under.events).toContainEqual({
    type: "store.damaged",
    digest: first.digest,
    instance: first.instance,
    problem,
  });
  expect(await treeOf(under.at("code", first.instance))).toEqual(before);
  expect(await under.store.verify(second.instance)).toEqual([]);
  expect(await under.store.stage(await exampleBundle())).toMatchObject({ instance: second.instance, reused: true });
});
