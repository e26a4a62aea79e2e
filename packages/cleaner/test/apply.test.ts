import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { applyCleaning, findRemoved, readJournal, takeInventory } from "@slipway/cleaner";
import type { CleaningEvent } from "@slipway/cleaner";
import type { Transport } from "@slipway/core";
import { snapshot, writeFiles } from "@slipway/testing";
import { openLocalTransport } from "@slipway/transport-local";
import { describe, expect, test } from "vitest";

import { openPlaceUnderTest, perlOrNot } from "./place.ts";
import type { PlaceUnderTest } from "./place.ts";

const clean = async (place: PlaceUnderTest, policy?: Parameters<PlaceUnderTest["plan"]>[0], transport?: Transport) => {
  const inventory = await place.look();
  const plan = await place.plan(policy);
  return {
    plan,
    ...(await applyCleaning({ transport: transport ?? place.transport, inventory, plan, by: "ada@laptop" })),
  };
};

test("what was announced is what goes, and is recorded: what, when, by whom, why and how much", async () => {
  await using place = await openPlaceUnderTest();
  const { instance } = await place.store.stage(await place.bundle("a"));
  const { plan, removed, kept } = await clean(place);
  const thing = {
    kind: "code",
    path: `${place.jobDir}/store/code/${instance}`,
    bytes: 2,
    inodes: 7,
    why: expect.stringMatching(/^nobody has needed it for \d s$/),
  };
  expect(plan.remove).toEqual([{ ...thing, steps: expect.anything() }]);
  expect({ removed, kept }).toEqual({ removed: [thing], kept: [] });
  expect(await place.ls("store/code")).toEqual([]);
  expect(await place.ls("store/trash")).toEqual([instance]);
  const entry = { ...thing, by: "ada@laptop", at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}Z$/) };
  expect(await readJournal({ transport: place.transport, jobDir: place.jobDir })).toEqual([entry]);
  expect(await readJournal({ transport: place.transport, jobDir: place.jobDir, about: "nothing" })).toEqual([]);
  expect((await place.look()).lastCleaned).toMatch(/^\d{4}-\d\d-\d\d$/);
});

test("the trash, remnants, unfinished uploads and half-made run directories are deleted whole", async () => {
  await using place = await openPlaceUnderTest();
  const { instance } = await place.store.stage(await place.bundle("a"));
  await clean(place);
  const digest = instance.slice(0, 64);
  await writeFiles(place.jobDir, {
    [`store/code/.in-${digest}.x/tree/half`]: "half",
    "store/trash/.del-x/rest": "rest",
    "runs/e-1/.new-train.x/job.sh": "half",
    "runs/e-1/train/attempt-1.log": "a log",
  });
  const graces = { trashSeconds: 0, uploadSeconds: 0, deletingSeconds: 0 };
  const { removed } = await clean(place, graces);
  expect(removed.map(({ kind }) => kind).toSorted()).toEqual(["remnant", "trash", "unfinished-run", "upload"]);
  expect(await place.ls("store/code")).toEqual([]);
  expect(await place.ls("store/trash")).toEqual([]);
  expect(await place.ls("runs/e-1")).toEqual(["train"]);
});

test("what somebody takes up between plan and work stays, and is told", async () => {
  await using place = await openPlaceUnderTest();
  const bundle = await place.bundle("a");
  await place.store.stage(bundle);
  const inventory = await place.look();
  const plan = await place.plan();
  const { instance } = await place.store.stage(bundle, { token: "e-1.train.1" });
  const events: CleaningEvent[] = [];
  const result = await applyCleaning({
    transport: place.transport,
    inventory,
    plan,
    onEvent: (event) => events.push(event),
  });
  expect(result).toMatchObject({
    removed: [],
    kept: [{ kind: "code", why: expect.stringMatching(/^somebody has taken it up since: /) }],
  });
  expect(events.map(({ type }) => type)).toEqual(["cleaner.kept"]);
  expect(await place.store.verify(instance)).toEqual([]);
  expect(await readJournal({ transport: place.transport, jobDir: place.jobDir })).toEqual([]);
});

test("a plan may be carried out twice, and by two at once", async () => {
  await using place = await openPlaceUnderTest();
  for (const content of ["a", "b", "c"]) await place.store.stage(await place.bundle(content));
  const inventory = await place.look();
  const plan = await place.plan();
  const apply = () => applyCleaning({ transport: place.transport, inventory, plan });
  await Promise.all([apply(), apply()]);
  expect((await apply()).kept).toEqual([]);
  expect(await place.ls("store/code")).toEqual([]);
  expect(await place.ls("store/trash")).toHaveLength(3);
});

test("it may be interrupted at any command, and the next run ends the work", async () => {
  await using place = await openPlaceUnderTest();
  for (let commands = 0; commands < 2; commands++) {
    await place.store.stage(await place.bundle(String(commands)));
    const stop = new AbortController();
    let left = commands;
    const transport: Transport = {
      ...place.transport,
      exec(argv, options) {
        if (left-- === 0) stop.abort(new Error("interrupted"));
        return place.transport.exec(argv, options);
      },
    };
    const options = { transport, jobDir: place.jobDir, scheduler: "slurm", signal: stop.signal } as const;
    const run = async () => {
      const inventory = await takeInventory(options);
      await applyCleaning({ ...options, inventory, plan: await place.plan() });
    };
    await expect(run()).rejects.toThrow("interrupted");
  }
  await clean(place, { trashSeconds: 0 });
  await clean(place, { trashSeconds: 0, deletingSeconds: 0 });
  expect([await place.ls("store/code"), await place.ls("store/trash")]).toEqual([[], []]);
});

describe.each(perlOrNot)("nothing outside the store is touched %s", (_host, hasPerl) => {
  test("when links are planted in it", async () => {
    await using place = await openPlaceUnderTest({ hasPerl });
    const { instance } = await place.store.stage(await place.bundle("a"));
    const digest = instance.slice(0, 64);
    const outside = path.join(place.folder, "outside");
    await writeFiles(outside, { "precious.txt": "mine", "tree/precious.txt": "mine", "L/x/y": "mine" });
    for (const name of [`code/${digest}.link`, `code/.in-${digest}.link`, `trash/${digest}.link`, "trash/.del-link"]) {
      await symlink(outside, path.join(place.jobDir, "store", name));
    }
    await mkdir(path.join(place.jobDir, "store/code", `${digest}.half`));
    await symlink(path.join(outside, "L"), path.join(place.jobDir, "store/code", `${digest}.half/L`));
    await mkdir(path.join(place.jobDir, "runs"));
    await symlink(outside, path.join(place.jobDir, "runs/e-1"));
    await writeFiles(outside, { ".new-x.1/precious.txt": "mine" });
    const before = await snapshot(outside);
    const graces = { trashSeconds: 0, uploadSeconds: 0, deletingSeconds: 0, runsMaxAgeSeconds: 0 };
    for (let round = 0; round < 3; round++) await clean(place, graces);
    expect(await snapshot(outside)).toEqual(before);
  });

  test("when code in the trash links out of it, and directories there are not writable", async () => {
    await using place = await openPlaceUnderTest({ hasPerl });
    const { instance } = await place.store.stage(await place.bundle("a"));
    const outside = path.join(place.folder, "outside");
    await writeFiles(outside, { "precious.txt": "mine" });
    await clean(place);
    await symlink(outside, path.join(place.jobDir, "store/trash", instance, "link"));
    const before = await snapshot(outside);
    await clean(place, { trashSeconds: 0 });
    expect(await place.ls("store/trash")).toEqual([]);
    expect(await snapshot(outside)).toEqual(before);
  });

  test("and names that are not slipway's own are left alone", async () => {
    await using place = await openPlaceUnderTest({ hasPerl });
    const { instance } = await place.store.stage(await place.bundle("a"));
    const digest = instance.slice(0, 64);
    const names = [
      "code/a\nb",
      `code/${digest}.x\ny`,
      `trash/${digest}.x\n..`,
      "trash/.del-a b",
      "trash/.del-$(x)",
      "code/.in-x",
      "code/mine",
      "trash/mine",
    ];
    for (const name of names)
      await writeFiles(path.join(place.jobDir, "store", name), { "tree/a": "a", "L/i.x\ny/a": "" });
    for (const name of ["runs/e\n1/a/code", "runs/e 1/.new-x/a", "runs/$(x)/a/code"])
      await writeFiles(place.jobDir, { [name]: "" });
    const own = async () =>
      Object.entries(await snapshot(place.jobDir)).filter(
        ([name]) => names.some((each) => name.startsWith(`store/${each}`)) || name.startsWith("runs/"),
      );
    const before = await own();
    await clean(place, { trashSeconds: 0, uploadSeconds: 0, deletingSeconds: 0, runsMaxAgeSeconds: 0 });
    expect(await own()).toEqual(before);
    expect(existsSync(path.join(place.jobDir, "store/code", instance))).toBe(false);
  });

  test("when the job_dir itself is a link, its store is cleaned like any other", async () => {
    await using place = await openPlaceUnderTest({ hasPerl });
    await place.store.stage(await place.bundle("a"));
    const real = path.join(place.folder, "real");
    await rename(place.jobDir, real);
    await symlink(real, place.jobDir);
    expect((await clean(place)).removed).toHaveLength(1);
  });

  test.each(["store", "store/code", "store/trash", "store/cleaned"])("when %s is a link: refused", async (name) => {
    await using place = await openPlaceUnderTest({ hasPerl });
    await place.store.stage(await place.bundle("a"));
    await mkdir(path.join(place.jobDir, "store/cleaned"));
    const real = path.join(place.folder, "real");
    await rename(path.join(place.jobDir, name), real);
    await symlink(real, path.join(place.jobDir, name));
    const before = await snapshot(real);
    await expect(place.look()).rejects.toMatchObject({
      code: "CLEANER_LAYOUT_DAMAGED",
      message: `${place.jobDir}/${name} on local is a symbolic link, not a directory`,
    });
    expect(await snapshot(real)).toEqual(before);
  });

  test("when the job_dir is /, a home, or a way to one of them: refused", async () => {
    await using place = await openPlaceUnderTest({ hasPerl });
    const home = path.join(place.folder, "home");
    await symlink(home, path.join(place.folder, "link"));
    for (const jobDir of ["/", "//", "/..", "/tmp/..", home, `${home}/`, path.join(place.folder, "link"), "relative"]) {
      await expect(place.look({ jobDir })).rejects.toMatchObject({ code: "CLEANER_UNSAFE_ROOT" });
    }
  });
});

test.each(perlOrNot)(
  "run directories go whole, and their experiment's folder with the last of them, %s",
  async (_, hasPerl) => {
    await using place = await openPlaceUnderTest({ hasPerl });
    const { instance } = await place.store.stage(await place.bundle("a"));
    const names = ["e-1/a", "e-1/b", "e-2/a", "e-3/a"];
    const code = { symlink: `../../../store/code/${instance}/tree` };
    const files = names.map((name) => [`runs/${name}/code`, code] as const);
    await writeFiles(place.jobDir, {
      ...Object.fromEntries(files),
      "runs/e-1/a/run/deep/out": "1",
      "runs/e-3/notes": "mine",
    });
    const inventory = await place.look();
    const plan = await place.plan({ runsMaxAgeSeconds: 0, maxAgeSeconds: 60 });
    await rename(path.join(place.jobDir, "runs/e-2/a"), path.join(place.folder, "moved"));
    await symlink(path.join(place.folder, "moved"), path.join(place.jobDir, "runs/e-2/a"));
    const { removed, kept } = await applyCleaning({ transport: place.transport, inventory, plan });
    expect(removed.map((thing) => path.relative(place.jobDir, thing.path))).toEqual(
      ["e-1/a", "e-1/b", "e-3/a"].map((name) => `runs/${name}`),
    );
    expect(kept).toMatchObject([{ path: `${place.jobDir}/runs/e-2/a`, why: "it is a symbolic link" }]);
    expect([await place.ls("runs"), await place.ls("runs/e-3"), await place.ls("store/trash")]).toEqual([
      ["e-2", "e-3"],
      ["notes"],
      [],
    ]);
  },
);

test("of what is gone it is told who cleaned it away, when and why; what is there is not told", async () => {
  await using place = await openPlaceUnderTest();
  const first = await place.store.stage(await place.bundle("a"));
  await clean(place);
  const second = await place.store.stage(await place.bundle("b"));
  await writeFiles(place.jobDir, { "runs/e-1/train/attempt-1.log": "a log" });
  const [went, stays, never] = [`store/code/${first.instance}`, `store/code/${second.instance}`, "runs/e-1/it's gone"];
  const options = { transport: place.transport, names: [went, stays, never, "runs/e-1/train"] };
  const entry = {
    kind: "code",
    path: `${place.jobDir}/${went}`,
    by: "ada@laptop",
    at: expect.stringMatching(/Z$/),
    why: expect.stringMatching(/^nobody has needed it for /),
    bytes: 2,
    inodes: 7,
  };
  expect(await findRemoved({ ...options, jobDir: place.jobDir })).toEqual([{ name: went, entry }, { name: never }]);
  const nowhere = path.join(place.folder, "nowhere");
  expect(await findRemoved({ ...options, jobDir: nowhere })).toEqual(options.names.map((name) => ({ name })));
});

test("a host that does not answer is an error, and a journal that others have spoilt is read as far as it goes", async () => {
  await using place = await openPlaceUnderTest();
  await place.store.stage(await place.bundle("a"));
  await clean(place);
  const [name = ""] = await place.ls("store/cleaned");
  const file = path.join(place.jobDir, "store/cleaned", name);
  await writeFile(file, `not json\n{"kind":7}\n${await readFile(file, "utf8")}{"kind":"co`);
  expect(await readJournal({ transport: place.transport, jobDir: place.jobDir })).toHaveLength(1);
  await rm(path.join(place.folder, "bin"), { recursive: true });
  await using mute = openLocalTransport({ env: { PATH: "/nonexistent" } });
  const silent: Transport = { ...mute, exec: () => place.transport.exec(["false"]) };
  await expect(place.look({ transport: silent })).rejects.toMatchObject({ code: "CLEANER_NO_ANSWER" });
});
