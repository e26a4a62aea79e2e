import type { Transport } from "@slipway/core";
import { expect, test } from "vitest";

import { createCodeStore } from "../src/index.ts";
import { bundleOf } from "./bundle.ts";
import { edited, files, more, uploads } from "./delta-files.ts";
import { errorOf, exampleBundle, namesIn, storeUnderTest } from "./store-under-test.ts";
import { counting } from "./transports.ts";

const base = [...files, ...more];
const large = { path: "large", content: "line of code\n".repeat(30_000) };

/** Runs one command after another, as a server with `MaxSessions 1` does. */
function oneAtATime(transport: Transport): Transport {
  let last: Promise<unknown> = Promise.resolve();
  return {
    ...transport,
    exec(argv, options) {
      const result = last.then(() => transport.exec(argv, options));
      last = result.catch(() => {});
      return result;
    },
  };
}

test("a host that runs one command at a time is asked for what it has, and gets the changes", async () => {
  await using under = await storeUnderTest({ transport: oneAtATime });
  const first = await under.store.stage(await bundleOf(...base, large));
  const second = await under.store.stage(await bundleOf(...edited, ...more, large));
  expect(uploads(under.events).at(-1)).toMatchObject({ files: 1, takenFrom: [first.instance] });
  expect(await under.store.verify(second.instance)).toEqual([]);
});

test("a host that runs one command at a time gives code back from its trash, whole or not", async () => {
  await using under = await storeUnderTest({ transport: oneAtATime });
  for (const isWhole of [true, false]) {
    const { instance, digest } = await under.store.stage(await exampleBundle());
    await under.store.apply([
      { step: "close", instance },
      { step: "move", instance },
    ]);
    if (!isWhole) await under.transport.exec(["rm", "-r", under.at("trash", instance, "tree", "data")]);
    expect(await under.store.stage(await exampleBundle())).toMatchObject({ digest, reused: isWhole });
  }
});

test("code that somebody else stages while the host is asked for what it has is used", async () => {
  const meanwhile = { does: async () => {} };
  await using under = await storeUnderTest({
    transport: (local) => ({
      ...local,
      async exec(argv, options) {
        if (argv.some((word) => word.includes("say MANIFEST"))) await meanwhile.does();
        return local.exec(argv, options);
      },
    }),
  });
  await under.store.stage(await bundleOf(...base, large));
  const bundle = await bundleOf(...edited, ...more, large);
  const other = createCodeStore({ transport: under.transport, root: under.root, clusterName: "local" });
  const theirs = { instance: "" };
  meanwhile.does = async () => {
    meanwhile.does = async () => {};
    theirs.instance = (await other.stage(bundle)).instance;
  };
  expect(await under.store.stage(bundle)).toMatchObject({ reused: true, instance: theirs.instance });
  expect(await namesIn(under.at("code"))).toHaveLength(2);
});

test("a bundle that is refused after the host has looked leaves no command behind", async () => {
  const counted: { transport?: ReturnType<typeof counting> } = {};
  await using under = await storeUnderTest({ transport: (local) => (counted.transport = counting(local)) });
  const bundle = await bundleOf({ path: "a" });
  const [entry] = bundle.manifest.entries;
  const entries = entry ? [{ ...entry, path: Buffer.from("../a") }] : [];
  const unsafe = { ...bundle, manifest: { ...bundle.manifest, entries } };
  expect(await errorOf(under.store.stage(unsafe))).toMatchObject({ code: "STORE_UNSAFE_PATH" });
  expect(counted.transport?.commands).toHaveLength(1);
  expect(await namesIn(under.at("code"))).toEqual([]);
});
