import { mkdir, rmdir } from "node:fs/promises";
import path from "node:path";

import { isSlipwayError } from "@slipway/core";
import type { Bundle, Transport } from "@slipway/core";
import { expect, test } from "vitest";

import { createCodeStore } from "../src/index.ts";
import type { CodeStore, Staged } from "../src/index.ts";
import { bundleOf } from "./bundle.ts";
import { edited, files, more } from "./delta-files.ts";
import { namesIn, storeUnderTest } from "./store-under-test.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { dyingTransport, localTransport } from "./transports.ts";

const base = [...files, ...more];
const changedCode = [...edited, ...more];

/** Another client of the same store, on a machine of its own. */
function client(under: StoreUnderTest, name: string, transport: Transport = under.transport): CodeStore {
  const cacheDirectory = path.join(under.root, "..", `cache-${name}`);
  return createCodeStore({ transport, root: under.root, clusterName: "local", cacheDirectory });
}

/** What is wrong with anything that can be leased; nothing, always. */
async function problemsIn({ store }: StoreUnderTest): Promise<readonly string[]> {
  const health = await store.examine({ deep: true });
  return (health?.instances ?? []).flatMap(({ open, problems }) => (open ? problems : []));
}

const leasesOf = (under: StoreUnderTest, instance: string) => namesIn(under.at("code", instance, "L"));

test("eight clients at once, with the same and with different code, all get the right code and converge on one copy of each", async () => {
  await using under = await storeUnderTest();
  const versions = await Promise.all(
    ["one", "two", "three"].map(async (version) => bundleOf(...base, { path: "version", content: version })),
  );
  const clients = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => ({
      store: client(under, `${index}`, localTransport()),
      bundle: versions[index % 3] ?? (await bundleOf()),
      index,
    })),
  );
  const stageAll = async (round: number) =>
    Promise.all(
      clients.map(async ({ store, bundle, index }) => {
        const token = `e${round}.j${index}.1`;
        const staged = await store.stage(bundle, { token });
        expect(staged.digest).toBe(bundle.digest);
        expect(await leasesOf(under, staged.instance)).toContain(`i.${token}`);
        return staged;
      }),
    );
  await stageAll(1);
  expect(await problemsIn(under)).toEqual([]);
  // The first round's jobs have ended: whoever stages now finds the same copy as all others.
  for (const { instance } of await under.store.list()) {
    for (const lease of await leasesOf(under, instance)) await rmdir(under.at("code", instance, "L", lease));
  }
  const second = await stageAll(2);
  expect(new Set(second.map(({ instance }) => instance)).size).toBe(3);
  const instances = await under.store.list();
  await under.store.apply(instances.map(({ instance }) => ({ step: "close", instance })));
  const open = (await under.store.list()).filter((instance) => instance.open).map(({ digest }) => digest);
  expect(open.toSorted()).toEqual(versions.map(({ digest }) => digest).toSorted());
  expect(await problemsIn(under)).toEqual([]);
});

test("two uploads of the same changes at once are both right, and later ones use one of them", async () => {
  await using under = await storeUnderTest();
  const clients = ["a", "b", "c"].map((name) => client(under, name, localTransport()));
  for (const store of clients) await store.stage(await bundleOf(...base));
  const bundle = await bundleOf(...changedCode);
  const staged = await Promise.all(clients.map(async (store) => store.stage(bundle)));
  for (const { instance } of staged) expect(await under.store.verify(instance)).toEqual([]);
  const later = await Promise.all(clients.map(async (store) => store.stage(bundle)));
  expect(new Set(later.map(({ instance }) => instance)).size).toBe(1);
  for (const { instance } of await under.store.list()) expect(await leasesOf(under, instance)).toEqual([]);
});

/** Cuts the connection before a command, or after it: then it has run, and nobody knows. */
function cut(transport: Transport, at: number, when: "before" | "after"): Transport {
  let commands = 0;
  return {
    ...transport,
    async exec(argv, options) {
      commands += 1;
      if (commands === at && when === "before") throw new Error("the connection was cut");
      const result = await transport.exec(argv, options);
      if (commands >= at) throw new Error("the connection was cut");
      return result;
    },
  };
}

const situations = ["nothing there", "changed code", "code in the trash"] as const;

test.each(situations)(
  "a connection that is cut before or after any command leaves nothing partial: %s",
  async (situation) => {
    for (const when of ["before", "after"] as const) {
      for (const at of [1, 2, 3]) {
        await using under = await storeUnderTest();
        const bundle = await prepare(under, situation);
        const before = await under.store.listLeases();
        const token = "e.j.1";
        const outcome = await client(under, "a", cut(under.transport, at, when))
          .stage(bundle, { token })
          .then(
            () => "staged",
            ({ message }: Error) => message,
          );
        expect(["staged", "the connection was cut"]).toContain(outcome);
        expect(await problemsIn(under)).toEqual([]);
        const held = (await under.store.listLeases()).map(({ instance, name }) => `${instance}/${name}`);
        expect(held).toEqual(expect.arrayContaining(before.map(({ instance, name }) => `${instance}/${name}`)));
        const staged = await client(under, "a").stage(bundle, { token });
        expect(await leasesOf(under, staged.instance)).toContain(`i.${token}`);
        expect(await problemsIn(under)).toEqual([]);
        expect((await under.leftovers()).filter((name) => name.startsWith("."))).toEqual([]);
      }
    }
  },
);

/** A store in which somebody else has a lease; the bundle that is to be staged. */
async function prepare(under: StoreUnderTest, situation: (typeof situations)[number]): Promise<Bundle> {
  const other = await client(under, "a").stage(await bundleOf(...base), { token: "other.j.1" });
  expect(await leasesOf(under, other.instance)).toEqual(["i.other.j.1"]);
  const bundle = await bundleOf(...changedCode);
  if (situation === "nothing there") return bundleOf({ path: "unlike" });
  if (situation === "code in the trash") {
    const { instance } = await under.store.stage(bundle);
    await under.store.apply(["close", "move"].map((step) => ({ step: step === "close" ? "close" : "move", instance })));
  }
  return bundle;
}

test("kill -9 of everything at any moment while changes are sent leaves nothing partial, and no lease is lost", async () => {
  await using under = await storeUnderTest();
  const first = await client(under, "a").stage(await bundleOf(...base), { token: "other.j.1" });
  const rounds = 20;
  for (let round = 0; round < rounds; round++) {
    const bundle = await bundleOf(...changedCode, { path: "round", content: `${round}` });
    const dying = dyingTransport(round % 5 === 0 ? round * 100 : Infinity, round * 3);
    await client(under, "a", dying)
      .stage(bundle, { token: `e.j${round}.1` })
      .catch(() => {});
    expect(await problemsIn(under)).toEqual([]);
    expect(await leasesOf(under, first.instance)).toContain("i.other.j.1");
  }
  const strays = (await leasesOf(under, first.instance)).filter((name) => name !== "i.other.j.1");
  expect(strays.filter((name) => !/^i\.upload\.[0-9a-f]{16}\.1$/.test(name))).toEqual([]);
  const revoked = await under.store.apply(
    strays.map((name) => ({ step: "revoke", instance: first.instance, token: name.slice(2) })),
  );
  expect(revoked.every(({ outcome }) => outcome === "done")).toBe(true);
  const last = await client(under, "a").stage(await bundleOf(...changedCode));
  expect(await under.store.verify(last.instance)).toEqual([]);
});

test.for(["whole", "changes"] as const)(
  "a disk that is full at any write is told, and gives everything back: %s",
  async (kind, { skip }) => {
    await using under = await storeUnderTest();
    await mkdir(under.root);
    const mounted = await under.transport.exec(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", under.root]);
    skip(mounted.exitCode !== 0, `needs to mount a small file system: ${mounted.stderr}`);
    try {
      const other = await client(under, "a").stage(await bundleOf(...base), { token: "other.j.1" });
      const bundle =
        kind === "changes"
          ? await bundleOf(...changedCode, { path: "new/deep/file", content: "n" })
          : await bundleOf(...Array.from({ length: 20 }, (_, index) => ({ path: `d${index}/f`, content: `${index}` })));
      const usedInodes = await inodesOf(under.transport, under.root);
      const codes: string[] = [];
      let staged: Staged | undefined;
      for (let free = 0; free < 100 && !staged; free++) {
        const limit = ["mount", "-o", `remount,nr_inodes=${usedInodes + free}`, under.root];
        expect((await under.transport.exec(limit)).exitCode).toBe(0);
        staged = await client(under, "a")
          .stage(bundle, { token: "e.j.1" })
          .catch((error: unknown) => void codes.push(isSlipwayError(error) ? error.code : String(error)));
        expect(await under.leftovers()).toEqual([other.instance, ...(staged ? [staged.instance] : [])].toSorted());
        expect(await leasesOf(under, other.instance)).toEqual(["i.other.j.1"]);
      }
      expect(await problemsIn(under)).toEqual([]);
      expect(staged?.digest).toBe(bundle.digest);
      expect(codes.length).toBeGreaterThan(5);
      expect([...new Set(codes)]).toEqual(["STORE_DISK_FULL"]);
    } finally {
      await under.transport.exec(["umount", under.root]);
    }
  },
);

async function inodesOf(transport: Transport, folder: string): Promise<number> {
  const { stdout } = await transport.exec(["sh", "-c", 'find "$1" | wc -l', "sh", folder]);
  return Number(Buffer.from(stdout).toString());
}
