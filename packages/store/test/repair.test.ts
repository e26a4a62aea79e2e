import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { createCodeStore, planRepair } from "../src/index.ts";
import { bundleOf } from "./bundle.ts";
import { errorOf, exampleBundle, makeFolder, namesIn, storeUnderTest, treeOf } from "./store-under-test.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { counting } from "./transports.ts";

const day = 24 * 3600;
const done = { outcome: "done" };

async function damage({ at }: StoreUnderTest, instance: string): Promise<void> {
  await chmod(at("code", instance, "tree", "train.py"), 0o644);
  await writeFile(at("code", instance, "tree", "train.py"), "print('jello')\n");
  await chmod(at("code", instance, "tree", "train.py"), 0o444);
}

test("a store that is not there is no store, and is not made by asking", async () => {
  await using under = await storeUnderTest();
  expect(await under.store.examine()).toBe(undefined);
  expect(await under.store.repair({ deep: true })).toEqual([]);
  await expect(under.leftovers()).rejects.toMatchObject({ code: "ENOENT" });
});

test("a healthy store is told in one command, with what needs its code, and nothing is changed", async () => {
  const counted: { transport?: ReturnType<typeof counting> } = {};
  await using under = await storeUnderTest({ transport: (local) => (counted.transport = counting(local)) });
  const { instance, digest, directory } = await under.store.stage(await exampleBundle(), { token: "e.j.1" });
  await under.store.stage(await bundleOf({ path: "other" }));
  const before = await treeOf(under.at());
  const commands = counted.transport?.commands.length ?? 0;
  const health = await under.store.examine();
  expect(counted.transport?.commands).toHaveLength(commands + 1);
  expect(health).toEqual({
    host: "local",
    directory: under.at(),
    layout: '{"version":1,"clusterName":"local"}',
    instances: expect.arrayContaining([
      {
        instance,
        digest,
        directory,
        open: true,
        leases: 1,
        problems: [],
        contents: { files: 3, symlinks: 1, directories: 2, bytes: 25 },
      },
    ]),
    leftovers: [],
    strangers: [],
    missing: [],
  });
  expect(health?.instances).toHaveLength(2);
  expect(await under.store.repair({ deep: true })).toEqual([]);
  expect(await treeOf(under.at())).toEqual(before);
});

test("a damaged copy that nobody needs goes to the trash; one that is needed stays and is told", async () => {
  await using under = await storeUnderTest();
  const needed = await under.store.stage(await exampleBundle(), { token: "e.j.1" });
  const idle = await under.store.stage(await bundleOf({ path: "train.py" }, { path: "more" }));
  const closed = await under.store.stage(await bundleOf({ path: "train.py" }, { path: "still more" }));
  const whole = await under.store.stage(await bundleOf({ path: "whole" }));
  await rm(under.at("code", closed.instance, "L"), { recursive: true });
  for (const { instance } of [needed, idle, closed]) await damage(under, instance);
  expect(await under.store.repair()).toEqual([]);
  const problem = "the content of tree/train.py is not what its manifest says";
  const advice = "Nobody needs it: slipway doctor --repair moves it to the trash, and the next run sends another copy";
  const move = (instance: string) => ({ step: "move", instance });
  const close = (instance: string) => ({ step: "close", instance });
  const findings = [
    {
      path: `code/${needed.instance}`,
      problem,
      advice: "A job or a submit needs it: it stays until they have ended. New jobs get another copy",
      steps: [],
      results: [],
    },
    {
      path: `code/${idle.instance}`,
      problem,
      advice,
      steps: [close(idle.instance), move(idle.instance)],
      results: [done, done],
    },
    { path: `code/${closed.instance}`, problem, advice, steps: [move(closed.instance)], results: [done] },
  ];
  expect(await under.store.repair({ deep: true })).toEqual(findings.toSorted((a, b) => (a.path < b.path ? -1 : 1)));
  expect(await namesIn(under.at("code"))).toEqual([needed.instance, whole.instance].toSorted());
  expect(await namesIn(under.at("trash"))).toEqual([idle.instance, closed.instance].toSorted());
});

test.each([
  ["its manifest is missing", (folder: string) => rm(`${folder}/manifest`)],
  ["its manifest is not the one of its digest", (folder: string) => writeFile(`${folder}/manifest`, "other\n")],
  ["its tree is missing", (folder: string) => rm(`${folder}/tree`, { recursive: true })],
])("that of a copy %s is seen without reading its code", async (problem, spoil) => {
  await using under = await storeUnderTest();
  const { instance } = await under.store.stage(await exampleBundle());
  await chmod(under.at("code", instance, "manifest"), 0o644);
  await spoil(under.at("code", instance));
  expect((await under.store.examine())?.instances.map(({ problems }) => problems)).toEqual([[problem]]);
  expect(await under.store.repair()).toMatchObject([{ problem, results: [done, done] }]);
  expect(await under.store.stage(await exampleBundle())).toMatchObject({ digest: instance.split(".")[0] });
});

test("a layout that is missing, of another version or another cluster's is told, and nothing is changed", async () => {
  await using under = await storeUnderTest();
  const { instance } = await under.store.stage(await exampleBundle());
  await rm(under.at("code", instance, "manifest"));
  const { transport, root } = under;
  const other = createCodeStore({ transport, root, clusterName: "hpc2" });
  const layoutOf = async (store = under.store) => {
    const findings = await store.repair();
    expect(findings.map(({ path, steps }) => [path, steps])).toEqual([
      ["layout.json", []],
      [`code/${instance}`, []],
    ]);
    return findings[0];
  };
  expect(await layoutOf(other)).toMatchObject({
    problem: "the store is the cluster local's, not hpc2's",
    advice: "Give hpc2 a job_dir of its own: whether a job can still start is known to its own cluster only",
  });
  await writeFile(under.at("layout.json"), '{"version":2,"clusterName":"local"}\n');
  expect(await layoutOf()).toMatchObject({ problem: 'it is not of version 1: {"version":2,"clusterName":"local"}' });
  await rm(under.at("layout.json"));
  expect(await layoutOf()).toMatchObject({
    problem: "it is missing",
    advice: `The next run writes it again, for the cluster it runs on. Is ${under.at()} on local that cluster's?`,
  });
  expect(await namesIn(under.at("code"))).toEqual([instance]);
});

test("folders that are missing, strangers and what came to no end are told with what to do", async () => {
  await using under = await storeUnderTest();
  const { digest, instance } = await under.store.stage(await exampleBundle());
  await rm(under.at("trash"), { recursive: true });
  const strangers = ["notes.txt", "code/notes", `code/${digest}`, "code/a b.c", "code/.hidden", `code/${digest}.file`];
  for (const name of strangers) await writeFile(under.at(name), "");
  await symlink(instance, under.at("code", `${digest}.link`));
  await makeFolder(under.at("code", `.in-${digest}.young`));
  expect(
    (await under.store.repair()).map(({ path, problem, advice, steps }) => [path, problem, advice, steps]),
  ).toEqual([
    ["trash", "it is missing", "The next run makes it again", []],
    ...[...strangers, `code/${digest}.link`]
      .toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
      .map((path) => [path, "slipway did not make it", "Move it out of the store; slipway leaves it alone", []]),
  ]);
});

/** In the order of looking: the store's top, hidden names of `code`, the others of it. */
const rank = (path: string) => (path.includes("/") ? (path.includes("/.") ? 1 : 2) : 0);

test("what came to no end for a day is told, not what is young", () => {
  const at = (ageSeconds: number) => [
    { kind: "unfinished" as const, name: "d.n1", ageSeconds },
    { kind: "deleting" as const, name: ".del-n2", ageSeconds },
    { kind: "trashed" as const, name: "d.n3", ageSeconds },
  ];
  const health = {
    host: "h",
    directory: "/s",
    layout: '{"version":1,"clusterName":"c"}',
    instances: [],
    strangers: [],
    missing: [],
  };
  expect(planRepair({ ...health, leftovers: at(day - 1) }, { clusterName: "c" })).toEqual([]);
  const advice = "slipway clean takes it away";
  expect(planRepair({ ...health, leftovers: at(25 * 3600) }, { clusterName: "c" })).toEqual([
    { path: "code/.in-d.n1", problem: "an upload that came to no end, 25 hours old", advice, steps: [] },
    { path: "trash/.del-n2", problem: "a deletion that came to no end, 25 hours old", advice, steps: [] },
  ]);
});

test("a copy that gets a lease while it is repaired stays", async () => {
  await using under = await storeUnderTest();
  const { instance } = await under.store.stage(await exampleBundle());
  await damage(under, instance);
  const health = await under.store.examine({ deep: true });
  await mkdir(under.at("code", instance, "L", "j.local.7"));
  const steps = health ? planRepair(health, { clusterName: "local" }).flatMap((finding) => finding.steps) : [];
  expect((await under.store.apply(steps)).map(({ outcome }) => outcome)).toEqual(["refused", "refused"]);
  expect(await namesIn(under.at("code"))).toEqual([instance]);
});

test("a store behind a symbolic link is told as such", async () => {
  await using under = await storeUnderTest();
  await makeFolder(`${under.root}-elsewhere`);
  await makeFolder(under.root);
  await symlink(`${under.root}-elsewhere`, under.at());
  expect(await errorOf(under.store.examine())).toMatchObject({ code: "STORE_LAYOUT_DAMAGED" });
});
