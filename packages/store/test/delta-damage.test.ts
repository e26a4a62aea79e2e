import { chmod, mkdir, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Transport } from "@slipway/core";
import { expect, test } from "vitest";

import { bundleOf } from "./bundle.ts";
import type { BundledFile } from "./bundle.ts";
import { edited, expected, files, filesIn, more, uploads } from "./delta-files.ts";
import { makeFolder, namesIn, storeUnderTest, treeOf } from "./store-under-test.ts";
import { changed } from "./transports.ts";

const damages: readonly (readonly [string, (tree: string, outside: string) => Promise<unknown>])[] = [
  ["another content", (tree) => writeFile(`${tree}/lib/big.py`, "x".repeat(40_000))],
  ["a file that is missing", (tree) => rm(`${tree}/lib/big.py`)],
  ["a file more", (tree) => writeFile(`${tree}/lib/more`, "", { mode: 0o444 })],
  ["a directory more", (tree) => mkdir(`${tree}/lib/more`)],
  ["a link in place of a file", (tree) => rm(`${tree}/lib/run`).then(async () => symlink("big.py", `${tree}/lib/run`))],
  [
    "a link out of the store in place of a directory",
    (tree, outside) => rm(`${tree}/lib`, { recursive: true }).then(async () => symlink(outside, `${tree}/lib`)),
  ],
  [
    "a link out of the store in place of the tree",
    (tree, outside) => rm(tree, { recursive: true }).then(async () => symlink(outside, tree)),
  ],
  ["a directory in place of a file", (tree) => rm(`${tree}/train.py`).then(async () => mkdir(`${tree}/train.py`))],
  ["a mode", (tree) => chmod(`${tree}/lib/big.py`, 0o555)],
  ["no tree", (tree) => rm(tree, { recursive: true })],
  ["another manifest", (tree) => writeFile(`${tree}/../manifest`, "slipway-manifest 1\n")],
];

test.each(damages)("on an instance damaged by hand, by %s, nothing is built: all travels", async (_, damage) => {
  await using under = await storeUnderTest({ hasCache: true });
  const outside = await makeFolder(`${under.root}-outside`);
  for (const { path: name, content = "" } of files) {
    await makeFolder(outside, path.dirname(String(name)));
    await writeFile(path.join(outside, path.basename(String(name))), content);
    await writeFile(path.join(outside, String(name)), content);
  }
  const first = await under.store.stage(await bundleOf(...files, ...more));
  await under.transport.exec(["chmod", "-R", "u+w", under.at("code", first.instance)]);
  await damage(first.directory, outside);
  await under.transport.exec(["chmod", "-R", "a-w", first.directory]);
  const [before, damaged] = [await treeOf(outside), await treeOf(under.at("code", first.instance))];
  const changedAll: readonly BundledFile[] = [...edited, ...more, { path: "lib/new", content: "new" }];
  const second = await under.store.stage(await bundleOf(...changedAll));
  expect(uploads(under.events).map((event) => "takenFrom" in event)).toEqual([false, true, false]);
  expect(under.events).toContainEqual(
    expect.objectContaining({ type: "store.delta_failed", digest: second.digest, takenFrom: [first.instance] }),
  );
  expect(filesIn(await treeOf(second.directory))).toEqual(expected(changedAll));
  expect(await under.store.verify(second.instance)).toEqual([]);
  expect(await treeOf(under.at("code", first.instance))).toEqual(damaged);
  expect(await treeOf(outside)).toEqual(before);
  expect(await namesIn(under.at("code", first.instance, "L"))).toEqual([]);
  expect(await under.leftovers()).toEqual([first.instance, second.instance].toSorted());
});

/** A transport that does something just before anything is sent. */
function beforeSending(local: Transport, act: () => Promise<unknown>): Transport {
  async function* afterwards(stdin: AsyncIterable<Uint8Array>) {
    let hasActed = false;
    for await (const bytes of stdin) {
      if (!hasActed) await act();
      hasActed = true;
      yield bytes;
    }
  }
  return changed(local, (_, options) => {
    const { stdin } = options;
    if (stdin === undefined || typeof stdin === "string" || stdin instanceof Uint8Array) return {};
    return { options: { ...options, stdin: afterwards(stdin) } };
  });
}

test("an instance that is closed before it could be kept is not built on: all travels", async () => {
  const close = { act: async () => {} };
  await using under = await storeUnderTest({
    hasCache: true,
    transport: (local) => beforeSending(local, async () => close.act()),
  });
  const first = await under.store.stage(await bundleOf(...files));
  close.act = async () => {
    close.act = async () => {};
    await rmdir(under.at("code", first.instance, "L"));
  };
  const second = await under.store.stage(await bundleOf(...edited));
  expect(under.events).toContainEqual({
    type: "store.delta_failed",
    digest: second.digest,
    takenFrom: [first.instance],
    problem: "it went while it was read",
  });
  expect(await under.store.verify(second.instance)).toEqual([]);
  expect(await under.leftovers()).toEqual([first.instance, second.instance].toSorted());
});
