import { mkdir, rm, writeFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { bundleOf } from "./bundle.ts";
import { errorOf, exampleBundle, storeUnderTest } from "./store-under-test.ts";

test("a store that is not there yet has no instances, and is not made by asking", async () => {
  await using under = await storeUnderTest();
  expect(await under.store.list()).toEqual([]);
  await expect(under.leftovers()).rejects.toMatchObject({ code: "ENOENT" });
});

test("instances are listed with what their manifests say, open or closed", async () => {
  await using under = await storeUnderTest();
  const one = await under.store.stage(await exampleBundle());
  const two = await under.store.stage(await bundleOf({ path: "x", content: "12" }));
  const three = await under.store.stage(await bundleOf({ path: "y" }));
  await rm(under.at("code", two.instance, "L"), { recursive: true });
  await rm(under.at("code", three.instance, "manifest"));
  const expected = [
    { ...shown(one), open: true, contents: { files: 3, symlinks: 1, directories: 2, bytes: 25 } },
    { ...shown(two), open: false, contents: { files: 1, symlinks: 0, directories: 0, bytes: 2 } },
    { ...shown(three), open: true },
  ];
  expect(await under.store.list()).toEqual(expected.toSorted((a, b) => (a.instance < b.instance ? -1 : 1)));
});

function shown({ instance, digest, directory }: { instance: string; digest: string; directory: string }) {
  return { instance, digest, directory };
}

test("what is no instance by its name is not listed", async () => {
  await using under = await storeUnderTest();
  const { instance, digest } = await under.store.stage(await exampleBundle());
  for (const name of [`.in-${digest}.a`, "notes.txt", `${digest}`, `${digest}.a b`, `${digest}.a\nINSTANCE`, "x.y"]) {
    await mkdir(under.at("code", name));
  }
  await writeFile(under.at("code", `${digest}.file`), "");
  expect((await under.store.list()).map((listed) => listed.instance)).toEqual([instance]);
});

test.each(["../../etc", "x", `${"0".repeat(64)}`, `${"0".repeat(64)}.gone`, `${"0".repeat(64)}.../x`])(
  "an instance that is not there cannot be verified: %j",
  async (instance) => {
    await using under = await storeUnderTest();
    await under.store.stage(await exampleBundle());
    expect(await errorOf(under.store.verify(instance))).toMatchObject({
      code: "STORE_INSTANCE_NOT_FOUND",
      message: `There is no instance ${instance} in ${under.root}/store on local`,
    });
  },
);

test("verifying changes nothing and finds a whole instance whole, also a closed one", async () => {
  await using under = await storeUnderTest();
  const { instance } = await under.store.stage(await exampleBundle());
  expect(await under.store.verify(instance)).toEqual([]);
  await rm(under.at("code", instance, "L"), { recursive: true });
  expect(await under.store.verify(instance)).toEqual([]);
});
