import { chmod, mkdir, rename, symlink, utimes, writeFile } from "node:fs/promises";

import type { Transport } from "@slipway/core";
import { describe, expect, test } from "vitest";

import { createCodeStore } from "../src/index.ts";
import type { StoreStep } from "../src/index.ts";
import { bundleOf } from "./bundle.ts";
import { namedShells } from "./shell-session.ts";
import { errorOf, exampleBundle, makeFolder, namesIn, storeUnderTest, treeOf } from "./store-under-test.ts";
import type { StoreUnderTestOptions } from "./store-under-test.ts";
import { asNobody, counting, withShell, withoutPerl } from "./transports.ts";

const token = "sweep-x7k2m9.train.1";
const done = { outcome: "done" };
const absent = { outcome: "absent" };
const refused = (why: string) => ({ outcome: "refused", why: expect.stringContaining(why) as string });

/** Those whose calls no other process makes. */
const plainShells = namedShells.filter(([, [program]]) => program !== "sh");

const hosts = [
  ["with Perl", (transport: Transport) => transport],
  ["without Perl", withoutPerl],
] as const;

describe.each(hosts)("on a host %s", (_host, onHost) => {
  const openStore = ({ transport = (local) => local }: StoreUnderTestOptions = {}) =>
    storeUnderTest({ transport: (local) => onHost(transport(local)) });

  test.each(plainShells)("an instance's whole life in %s: leased, closed, moved, purged", async (_, shell) => {
    await using under = await openStore({ transport: (local) => withShell(local, ...shell) });
    const { store } = under;
    const { instance } = await store.stage(await exampleBundle(), { token });
    expect(await store.apply([{ step: "close", instance }])).toEqual([refused("not empty")]);
    expect(await store.apply([{ step: "move", instance }])).toEqual([refused("it is open")]);
    expect(await store.apply([{ step: "purge", instance }])).toEqual([absent]);
    expect(await store.releaseIntent(instance, token)).toEqual(done);
    expect(await store.releaseIntent(instance, token)).toEqual(absent);
    const steps = (["close", "close", "move", "move", "purge", "purge"] as const).map((step) => ({ step, instance }));
    expect(await store.apply(steps)).toEqual([done, absent, done, absent, done, absent]);
    expect(await under.leftovers()).toEqual([]);
    expect(await store.apply([{ step: "close", instance }])).toEqual([absent]);
  });

  test.each([
    ["an intent", `i.${token}`, { step: "revoke", token }],
    ["a job's lease", "j.local.42", { step: "drop", lease: "j.local.42" }],
    ["a wrapper's lease", "w.local.42", { step: "drop", lease: "w.local.42" }],
    ["a pin", "p.sweep-x7k2m9", { step: "unpin", experiment: "sweep-x7k2m9" }],
  ] as const)("%s keeps an instance open until it is taken away by its name", async (_, lease, removal) => {
    await using under = await openStore();
    const { instance } = await under.store.stage(await exampleBundle());
    await mkdir(under.at("code", instance, "L", lease));
    const remove: StoreStep = { ...removal, instance };
    expect(await under.store.apply([{ step: "close", instance }, remove, remove, { step: "close", instance }])).toEqual(
      [refused("not empty"), done, absent, done],
    );
  });

  test("a pin keeps an instance, and a closed or unknown one cannot be pinned", async () => {
    await using under = await openStore();
    const { store } = under;
    const { instance, digest } = await store.stage(await exampleBundle());
    expect(await store.pin(instance, "sweep-x7k2m9")).toEqual(done);
    expect(await store.pin(instance, "sweep-x7k2m9")).toEqual(done);
    expect(await namesIn(under.at("code", instance, "L"))).toEqual(["p.sweep-x7k2m9"]);
    expect(await store.apply([{ step: "close", instance }])).toEqual([refused("not empty")]);
    expect(await store.unpin(instance, "sweep-x7k2m9")).toEqual(done);
    expect(await store.apply([{ step: "close", instance }])).toEqual([done]);
    expect(await store.pin(instance, "sweep-x7k2m9")).toEqual(absent);
    expect(await store.pin(`${digest}.unknown`, "sweep-x7k2m9")).toEqual(absent);
  });

  test("many steps are one command", async () => {
    const counted: { transport?: ReturnType<typeof counting> } = {};
    await using under = await openStore({ transport: (local) => (counted.transport = counting(local)) });
    const { instance } = await under.store.stage(await exampleBundle());
    const before = counted.transport?.commands.length ?? 0;
    const steps = Array.from(
      { length: 300 },
      (_, index) => ({ step: "pin", instance, experiment: `e${index}` }) as const,
    );
    expect(await under.store.apply(steps)).toEqual(steps.map(() => done));
    expect(await under.store.apply([])).toEqual([]);
    expect(counted.transport?.commands).toHaveLength(before + 1);
    expect(await under.store.listLeases()).toHaveLength(300);
  });

  test("leases are listed with their holders, owners and ages", async () => {
    await using under = await openStore();
    const { store } = under;
    const { instance } = await store.stage(await exampleBundle(), { token });
    const other = await store.stage(await bundleOf({ path: "x" }));
    for (const lease of ["j.local.42", "w.hpc-2.7", "p.sweep-x7k2m9", "q.later", "j.local"]) {
      await mkdir(under.at("code", instance, "L", lease));
    }
    await mkdir(under.at("code", other.instance, "L", "p.other"));
    const userId = process.getuid?.();
    const listed = await store.listLeases({ instance });
    const shown = (name: string, holder: object) => ({
      instance,
      name,
      holder,
      userId,
      ageSeconds: expect.any(Number) as number,
    });
    expect(listed).toEqual([
      shown(`i.${token}`, { kind: "intent", token }),
      shown("j.local", { kind: "unknown" }),
      shown("j.local.42", { kind: "job", clusterName: "local", jobId: "42" }),
      shown("p.sweep-x7k2m9", { kind: "pin", experiment: "sweep-x7k2m9" }),
      shown("q.later", { kind: "unknown" }),
      shown("w.hpc-2.7", { kind: "wrapper", clusterName: "hpc-2", jobId: "7" }),
    ]);
    for (const { ageSeconds } of listed) expect(ageSeconds).toBeLessThan(600);
    expect((await store.listLeases()).map(({ name }) => name).toSorted()).toEqual(
      [...listed.map(({ name }) => name), "p.other"].toSorted(),
    );
  });

  test("a lease's age counts from its last change, not from what its files' times were set to", async () => {
    await using under = await openStore();
    const { instance } = await under.store.stage(await exampleBundle(), { token });
    await utimes(under.at("code", instance, "L", `i.${token}`), new Date(0), new Date(0));
    expect((await under.store.listLeases())[0]?.ageSeconds).toBeLessThan(600);
  });

  test("a store that is not there has no leases and no leftovers, and every step finds nothing", async () => {
    await using under = await openStore();
    const instance = `${"0".repeat(64)}.x`;
    expect(await under.store.listLeases()).toEqual([]);
    expect(await under.store.listLeftovers()).toEqual([]);
    expect(await under.store.apply([{ step: "close", instance }])).toEqual([absent]);
    await expect(under.leftovers()).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("what is in the trash, unfinished or half deleted is listed, and goes by its own step", async () => {
    await using under = await openStore();
    const { store } = under;
    const { instance, digest } = await store.stage(await exampleBundle());
    await store.apply([
      { step: "close", instance },
      { step: "move", instance },
    ]);
    await makeFolder(under.at("code", `.in-${digest}.aa`), "tree", "deep");
    await makeFolder(under.at("trash", ".del-bb"), "gone");
    await symlink("/etc", under.at("trash", `${digest}.link`));
    const leftovers = await store.listLeftovers();
    expect(leftovers.map(({ kind, name }) => [kind, name])).toEqual([
      ["trashed", instance],
      ["deleting", ".del-bb"],
      ["unfinished", `${digest}.aa`],
    ]);
    for (const { ageSeconds } of leftovers) expect(ageSeconds).toBeLessThan(600);
    const steps: StoreStep[] = [
      { step: "purge", instance },
      { step: "sweep", name: ".del-bb" },
      { step: "sweep", name: ".del-bb" },
      { step: "reclaim", instance: `${digest}.aa` },
      { step: "purge", instance: `${digest}.link` },
    ];
    expect(await store.apply(steps)).toEqual([done, done, absent, done, refused("is a symbolic link")]);
    expect(await under.leftovers()).toEqual([`${digest}.link`]);
  });

  test("all contents in one command are what the lists tell, with what they weigh", async () => {
    await using under = await openStore();
    const { store } = under;
    const leased = await store.stage(await exampleBundle(), { token });
    const closed = await store.stage(await bundleOf({ path: "x", content: "12" }));
    const trashed = await store.stage(await bundleOf({ path: "y", content: "123" }));
    await store.apply([
      { step: "close", instance: closed.instance },
      { step: "close", instance: trashed.instance },
      { step: "move", instance: trashed.instance },
    ]);
    await makeFolder(under.at("code", `.in-${leased.digest}.aa`), "tree", "deep");
    await makeFolder(under.at("trash", ".del-bb"), "gone");
    await makeFolder(under.at("code", leased.instance, "L", "i.x\ny"));
    for (const name of [`code/${leased.digest}.x\ny`, `trash/${leased.digest}.x\n..`, "trash/.del-a b", "code/mine"]) {
      await makeFolder(under.at(name), "L", "j.local.1");
    }
    await makeFolder(under.at("code", `${leased.digest}.half`));
    await symlink("/etc", under.at("code", `${leased.digest}.half`, "L"));
    await symlink("/etc", under.at("code", `${leased.digest}.link`));
    const seconds = expect.any(Number) as number;
    const [instances, leases, leftovers] = [await store.list(), await store.listLeases(), await store.listLeftovers()];
    expect(leases.map(({ instance, name }) => [instance, name])).toEqual([[leased.instance, `i.${token}`]]);
    expect(await store.contents()).toEqual({
      instances: instances.map((instance) => ({
        ...instance,
        leases: leases
          .filter((lease) => lease.instance === instance.instance)
          .map((lease) => ({ ...lease, ageSeconds: seconds })),
        ...(instance.instance === leased.instance && { idleSeconds: seconds }),
      })),
      leftovers: leftovers.map((leftover) => ({
        ...leftover,
        ageSeconds: seconds,
        ...(leftover.kind === "trashed" && { contents: { files: 1, symlinks: 0, directories: 0, bytes: 3 } }),
      })),
    });
  });

  test("many copies go at once, those that cannot be written among them", async () => {
    await using under = await openStore();
    await under.store.stage(await exampleBundle());
    const names = Array.from({ length: 40 }, (_, index) => `${"0".repeat(64)}.n${index}`);
    for (const name of names) await makeFolder(under.at("trash", name, "tree", "deep"));
    await chmod(under.at("trash", names[7] ?? "", "tree"), 0o555);
    const steps = names.map((instance) => ({ step: "purge", instance }) as const);
    expect(await under.store.apply(steps)).toEqual(steps.map(() => done));
    expect(await namesIn(under.at("trash"))).toEqual([]);
  });

  test("read-only code is deleted also for who may not override modes", async ({ skip }) => {
    skip(process.getuid?.() !== 0, "needs root, to run commands as nobody");
    await using under = await openStore({ transport: asNobody });
    await mkdir(under.root);

    await chmod(under.root, 0o777);
    const { instance, digest } = await under.store.stage(await exampleBundle());
    await under.store.apply([
      { step: "close", instance },
      { step: "move", instance },
    ]);
    const back = await under.store.takeBackFromTrash(digest);
    expect(await under.store.verify(back?.instance ?? "")).toEqual([]);
    for (const name of [instance, back?.instance ?? ""]) {
      await under.store.apply((["close", "move", "purge"] as const).map((step) => ({ step, instance: name })));
    }
    expect(await under.leftovers()).toEqual([]);
  });

  test("code in the trash is taken back into a new instance, leased, and never under its old name", async () => {
    await using under = await openStore();
    const { store } = under;
    const first = await store.stage(await exampleBundle());
    const { instance, digest } = first;
    const before = await treeOf(first.directory);
    await store.apply([
      { step: "close", instance },
      { step: "move", instance },
    ]);
    const back = await store.takeBackFromTrash(digest, { token });
    expect(back).toMatchObject({ digest, uploadedBytes: 0, reused: true });
    expect(back?.instance).not.toBe(instance);
    expect(await treeOf(back?.directory ?? "")).toEqual(before);
    expect(await namesIn(under.at("code"))).toEqual([back?.instance]);
    expect(await namesIn(under.at("code", back?.instance ?? "", "L"))).toEqual([`i.${token}`]);
    expect(await store.verify(back?.instance ?? "")).toEqual([]);
    expect(await store.takeBackFromTrash(digest)).toBeUndefined();
    expect(under.events.at(-1)).toEqual({ type: "store.restored", digest, instance: back?.instance });
  });

  test("staging takes code back from the trash before it uploads", async () => {
    await using under = await openStore();
    const { instance } = await under.store.stage(await exampleBundle());
    await under.store.apply([
      { step: "close", instance },
      { step: "move", instance },
    ]);
    const staged = await under.store.stage(await exampleBundle(), { token });
    expect(staged).toMatchObject({ uploadedBytes: 0, reused: true });
    expect(staged.instance).not.toBe(instance);
    expect(await namesIn(under.at("code", staged.instance, "L"))).toEqual([`i.${token}`]);
  });

  test("code in the trash that is not whole is not taken back: it is uploaded", async () => {
    await using under = await openStore();
    const { instance, digest } = await under.store.stage(await exampleBundle());
    await under.store.apply([
      { step: "close", instance },
      { step: "move", instance },
    ]);
    await writeFile(under.at("trash", instance, "tree", "train.py"), "changed");
    const staged = await under.store.stage(await exampleBundle());
    expect(staged).toMatchObject({ reused: false });
    expect(await namesIn(under.at("code"))).toEqual([staged.instance]);
    expect(await under.store.takeBackFromTrash(digest)).toBeUndefined();
    expect(await under.store.verify(staged.instance)).toEqual([]);
  });

  test("nothing is taken back through a symbolic link in the trash", async () => {
    await using under = await openStore();
    const { instance, digest } = await under.store.stage(await exampleBundle());
    await under.store.apply([
      { step: "close", instance },
      { step: "move", instance },
    ]);
    const outside = `${under.root}-outside`;
    await rename(under.at("trash", instance), outside);
    await symlink(outside, under.at("trash", instance));
    const before = await treeOf(outside);
    expect(await under.store.takeBackFromTrash(digest)).toBeUndefined();
    expect(await treeOf(outside)).toEqual(before);
  });

  test("no step goes through a symbolic link, wherever it is put", async () => {
    await using under = await openStore();
    const { instance, digest } = await under.store.stage(await exampleBundle());
    const outside = `${under.root}-outside`;
    for (const names of [["L", "j.local.1"], ["L", `i.${token}`], ["tree"]]) await makeFolder(outside, ...names);
    await symlink(outside, under.at("code", `${digest}.link`));
    await symlink(outside, under.at("code", `.in-${digest}.link`));
    await symlink(outside, under.at("trash", ".del-link"));
    await symlink(outside, under.at("code", instance, "L", "j.local.2"));
    const before = await treeOf(outside);
    const linked = { instance: `${digest}.link` };
    const steps: StoreStep[] = [
      { step: "revoke", token, ...linked },
      { step: "drop", lease: "j.local.1", ...linked },
      { step: "pin", experiment: "e", ...linked },
      { step: "close", ...linked },
      { step: "move", ...linked },
      { step: "reclaim", ...linked },
      { step: "sweep", name: ".del-link" },
      { step: "drop", instance, lease: "j.local.2" },
      { step: "close", instance },
    ];
    const results = await under.store.apply(steps);
    expect(results.map(({ outcome }) => outcome)).toEqual(steps.map(() => "refused"));
    expect(await treeOf(outside)).toEqual(before);
  });

  test("deleting what holds a symbolic link takes the link away and not what it names", async () => {
    await using under = await openStore();
    const outside = await makeFolder(`${under.root}-outside`);
    await writeFile(`${outside}/kept`, "kept");
    const { instance } = await under.store.stage(await bundleOf({ path: "link", target: outside }, { path: "x" }));
    const steps = (["close", "move", "purge"] as const).map((step) => ({ step, instance }));
    expect(await under.store.apply(steps)).toEqual([done, done, done]);
    expect([await under.leftovers(), await namesIn(outside)]).toEqual([[], ["kept"]]);
  });

  test.each<readonly [StoreStep, string]>([
    [{ step: "close", instance: "../../etc" }, 'Expected an instance <digest>.<nonce>, got "../../etc"'],
    [{ step: "sweep", name: "../code" }, 'Expected a name .del-<nonce>, got "../code"'],
    [{ step: "sweep", name: ".del-../x" }, 'Expected a name .del-<nonce>, got ".del-../x"'],
    [
      { step: "drop", instance: `${"0".repeat(64)}.x`, lease: "i.a.b.1" },
      'Expected a lease j.<cluster>.<job> or w.<cluster>.<job>, got "i.a.b.1"',
    ],
    [
      { step: "revoke", instance: `${"0".repeat(64)}.x`, token: "a b.c.1" },
      'Expected a token <experiment>.<job>.<try>, got "a b.c.1"',
    ],
    [{ step: "pin", instance: `${"0".repeat(64)}.x`, experiment: "a/b" }, 'Expected an experiment\'s id, got "a/b"'],
  ])("a name that could leave the store is refused before anything is asked: %j", async (step, message) => {
    await using under = await openStore();
    expect(await errorOf(under.store.apply([step]))).toMatchObject({ code: "STORE_UNSAFE_NAME", message });
  });

  test("another cluster's store is neither listed nor changed", async () => {
    await using under = await openStore();
    const { instance } = await under.store.stage(await exampleBundle(), { token });
    const { transport, root } = under;
    const store = createCodeStore({ transport, root, clusterName: "hpc2" });
    const calls = [
      () => store.listLeases(),
      () => store.listLeftovers(),
      () => store.releaseIntent(instance, token),
      () => store.takeBackFromTrash(instance.slice(0, 64)),
    ];
    for (const call of calls) expect(await errorOf(call())).toMatchObject({ code: "STORE_OTHER_CLUSTER" });
    expect(await namesIn(under.at("code", instance, "L"))).toEqual([`i.${token}`]);
  });

  test("every method rejects at once with the reason of a signal that is aborted already", async () => {
    await using under = await openStore();
    const reason = new Error("no more");
    const options = { signal: AbortSignal.abort(reason) };
    const instance = `${"0".repeat(64)}.x`;
    await expect(under.store.listLeases(options)).rejects.toBe(reason);
    await expect(under.store.listLeftovers(options)).rejects.toBe(reason);
    await expect(under.store.apply([], options)).rejects.toBe(reason);
    await expect(under.store.pin(instance, "e", options)).rejects.toBe(reason);
    await expect(under.store.takeBackFromTrash("0".repeat(64), options)).rejects.toBe(reason);
  });
});
