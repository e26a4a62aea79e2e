import { mkdir, rm, symlink } from "node:fs/promises";

import { eventually } from "@slipway/testing";
import { expect, test } from "vitest";

import { tarOf } from "./bundle.ts";
import { errorOf, exampleBundle, namesIn, storeUnderTest } from "./store-under-test.ts";
import { counting } from "./transports.ts";

const token = "sweep-x7k2m9.train.1";

test("staging under a token leaves the instance leased by it, uploaded or found", async () => {
  await using under = await storeUnderTest();
  const first = await under.store.stage(await exampleBundle(), { token });
  expect(await namesIn(under.at("code", first.instance, "L"))).toEqual([`i.${token}`]);
  const second = await under.store.stage(await exampleBundle(), { token: "other.job.2" });
  expect(second).toMatchObject({ instance: first.instance, reused: true });
  expect(await namesIn(under.at("code", first.instance, "L"))).toEqual(["i.other.job.2", `i.${token}`]);
});

test("staging again under the same token, as after a lost answer, is one lease and one command", async () => {
  const counted: { transport?: ReturnType<typeof counting> } = {};
  await using under = await storeUnderTest({ transport: (local) => (counted.transport = counting(local)) });
  const first = await under.store.stage(await exampleBundle(), { token });
  const second = await under.store.stage(await exampleBundle(), { token });
  expect(second).toEqual({ ...first, uploadedBytes: 0, reused: true });
  expect(counted.transport?.commands).toHaveLength(2);
  expect(await namesIn(under.at("code", first.instance, "L"))).toEqual([`i.${token}`]);
});

test("an upload is leased before anything of it is written", async () => {
  await using under = await storeUnderTest();
  const bundle = await exampleBundle();
  const seen: (readonly string[])[] = [];
  async function* watched() {
    const tar = await tarOf(bundle);
    yield tar.subarray(0, 2_048);
    const staging = await eventually("the staging folder's tree", async () => {
      const [name = ""] = await namesIn(under.at("code"));
      return name !== "" && (await namesIn(under.at("code", name))).includes("tree") && name;
    });
    seen.push(await namesIn(under.at("code", staging, "L")));
    yield tar.subarray(2_048);
  }
  await under.store.stage({ ...bundle, tar: watched }, { token });
  expect(seen).toEqual([[`i.${token}`]]);
});

test("of several open instances the one with the most leases is taken, of equals the first by name", async () => {
  await using under = await storeUnderTest();
  const names: string[] = [];
  for (const round of [1, 2, 3]) {
    const { instance } = await under.store.stage(await exampleBundle());
    names.push(instance);
    await rm(under.at("code", instance, "L"), { recursive: true });
    if (round === 3) for (const name of names) await mkdir(under.at("code", name, "L"));
  }
  const [first = "", second = "", third = ""] = names.toSorted();
  expect(await under.store.stage(await exampleBundle())).toMatchObject({ instance: first });
  await mkdir(under.at("code", third, "L", "j.local.7"));
  expect(await under.store.stage(await exampleBundle(), { token })).toMatchObject({ instance: third });
  for (const lease of ["i.a.b.1", "p.pinned", "w.local.8"]) await mkdir(under.at("code", second, "L", lease));
  expect(await under.store.stage(await exampleBundle())).toMatchObject({ instance: second });
});

test("a damaged instance is passed over and its intent given back", async () => {
  await using under = await storeUnderTest();
  const first = await under.store.stage(await exampleBundle());
  await rm(under.at("code", first.instance, "manifest"));
  const second = await under.store.stage(await exampleBundle(), { token });
  expect(second).toMatchObject({ reused: false });
  expect(await namesIn(under.at("code", first.instance, "L"))).toEqual([]);
  expect(await namesIn(under.at("code", second.instance, "L"))).toEqual([`i.${token}`]);
});

test("no lease is made through a symbolic link", async () => {
  await using under = await storeUnderTest();
  const first = await under.store.stage(await exampleBundle());
  const outside = `${under.root}-outside`;
  await mkdir(outside);
  await rm(under.at("code", first.instance, "L"), { recursive: true });
  await symlink(outside, under.at("code", first.instance, "L"));
  const second = await under.store.stage(await exampleBundle(), { token });
  expect(second).toMatchObject({ reused: false });
  expect(await namesIn(outside)).toEqual([]);
});

test.each([
  "",
  "a.b",
  "a.b.0",
  "a.b.x",
  "../a.b.1",
  "a/b.c.1",
  ".a.b.1",
  "a b.c.1",
  "a\nb.c.1",
  `${"x".repeat(200)}.b.1`,
])("a token that is none is refused before anything is asked: %j", async (wrong) => {
  await using under = await storeUnderTest();
  expect(await errorOf(under.store.stage(await exampleBundle(), { token: wrong }))).toMatchObject({
    code: "STORE_UNSAFE_NAME",
    message: `Expected a token <experiment>.<job>.<try>, got ${JSON.stringify(wrong)}`,
  });
  await expect(under.leftovers()).rejects.toMatchObject({ code: "ENOENT" });
});
