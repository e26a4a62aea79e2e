import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { openShell } from "./shell-session.ts";
import type { ShellSession } from "./shell-session.ts";

const rounds = 200;
const token = "sweep-x7k2m9.train.1";

interface Race {
  readonly store: string;
  readonly name: string;
  /** The instance of this round. */
  readonly instance: string;
  readonly a: ShellSession;
  readonly b: ShellSession;
  readonly c: ShellSession;
}

/** What came of the rounds of a race, in words. */
async function race(prepare: (race: Race) => void, run: (race: Race) => Promise<string>): Promise<ReadonlySet<string>> {
  await using folder = await temporaryDirectory();
  const store = path.join(folder.path, "store");
  mkdirSync(path.join(store, "trash"), { recursive: true });
  await using a = openShell(folder.path);
  await using b = openShell(folder.path, ["bash"]);
  await using c = openShell(folder.path, ["busybox", "sh"]);
  const outcomes = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const name = `d.${round}`;
    const one = { store, name, instance: path.join(store, "code", name), a, b, c };
    mkdirSync(path.join(store, "code"), { recursive: true });
    prepare(one);
    outcomes.add(await run(one));
  }
  return outcomes;
}

const leasesOf = (instance: string) => (existsSync(`${instance}/L`) ? readdirSync(`${instance}/L`).join() : "closed");
const onlyOf = (outcomes: ReadonlySet<string>, expected: readonly string[]) =>
  [...outcomes].filter((one) => !expected.includes(one));

test("of a close and a lease at the same time exactly one wins", async () => {
  const outcomes = await race(
    ({ instance }) => mkdirSync(`${instance}/L`, { recursive: true }),
    async ({ a, b, instance }) => {
      const [lease, close] = await Promise.all([
        a.call("slipway_take_intent", instance, token),
        b.call("slipway_close", instance),
      ]);
      return `lease ${lease.code === 0}, close ${close.code === 0}: ${leasesOf(instance)}`;
    },
  );
  expect(onlyOf(outcomes, [`lease true, close false: i.${token}`, "lease false, close true: closed"])).toEqual([]);
});

test("of a commit and a revocation at the same time exactly one wins, and a close after it knows", async () => {
  const outcomes = await race(
    ({ instance }) => mkdirSync(`${instance}/L/i.${token}`, { recursive: true }),
    async ({ a, b, instance }) => {
      const [commit, revoke] = await Promise.all([
        a.call("slipway_commit_lease", instance, token, "hpc", "42"),
        b.call("slipway_remove_lease", instance, `i.${token}`).then(async () => b.call("slipway_close", instance)),
      ]);
      return `commit ${commit.code === 0}, close ${revoke.code === 0}: ${leasesOf(instance)}`;
    },
  );
  expect(onlyOf(outcomes, ["commit true, close false: j.hpc.42", "commit false, close true: closed"])).toEqual([]);
});

test("of two closes and a pin at the same time there is one end", async () => {
  const outcomes = await race(
    ({ instance }) => mkdirSync(`${instance}/L`, { recursive: true }),
    async ({ a, b, c, instance }) => {
      const codes = await Promise.all([
        a.call("slipway_pin", instance, "e"),
        b.call("slipway_close", instance),
        c.call("slipway_close", instance),
      ]);
      const [pin, ...closes] = codes.map(({ code }) => code);
      return `pin ${pin === 0}, closed ${closes.includes(0)}: ${leasesOf(instance)}`;
    },
  );
  expect(onlyOf(outcomes, ["pin true, closed false: p.e", "pin false, closed true: closed"])).toEqual([]);
});

test("of a publication and a reclaim at the same time exactly one wins", async () => {
  const outcomes = await race(
    ({ store, name }) => mkdirSync(`${store}/code/.in-${name}/L`, { recursive: true }),
    async ({ a, b, store, name, instance }) => {
      const [publish, reclaim] = await Promise.all([
        a.call("slipway_publish", store, name),
        b.call("slipway_reclaim", store, name, name),
      ]);
      const isDeleting = existsSync(`${store}/trash/.del-${name}`);
      return `publish ${publish.code === 0}, reclaim ${reclaim.code === 0}: ${leasesOf(instance)} ${isDeleting}`;
    },
  );
  expect(onlyOf(outcomes, ["publish true, reclaim false:  false", "publish false, reclaim true: closed true"])).toEqual(
    [],
  );
});

test("code in the trash is taken back whole or deleted whole, never shared between the two, nor by two who take it", async () => {
  const outcomes = await race(
    ({ store, name }) => {
      for (const half of ["x", "y"]) mkdirSync(`${store}/code/.in-${name}${half}/L`, { recursive: true });
      for (const file of ["a", "b", "c"]) mkdirSync(`${store}/trash/${name}/tree/${file}`, { recursive: true });
      writeFileSync(`${store}/trash/${name}/manifest`, "");
    },
    async ({ a, b, c, store, name }) => {
      const purge = async () => {
        const { code } = await b.call("slipway_purge", store, name, name);
        if (code === 0) await b.call("slipway_delete", `${store}/trash/.del-${name}`);
      };
      await Promise.all([
        a.call("slipway_take_tree", store, name, `${name}x`),
        c.call("slipway_take_tree", store, name, `${name}y`),
        purge(),
      ]);
      const trees = ["x", "y"]
        .map((half) => `${store}/code/.in-${name}${half}/tree`)
        .filter((tree) => existsSync(tree));
      return `${trees.length}: ${trees.map((tree) => readdirSync(tree).toSorted().join("")).join()}`;
    },
  );
  expect(onlyOf(outcomes, ["0: ", "1: abc"])).toEqual([]);
});
