import { mkdir, symlink, writeFile } from "node:fs/promises";

import type { Transport } from "@slipway/core";
import { expect, test } from "vitest";

import { storeUnderTest } from "./store-under-test.ts";
import { changed, withoutPerl } from "./transports.ts";

const header = "slipway-manifest 1 files=1 symlinks=0 directories=0 bytes=7\n";
const nameOf = (index: number) => `${String(index).padStart(64, "0")}.n${index}`;

/** So many that helpers look: every third is leased, every seventh closed, every eleventh without a manifest; and what lies in the trash. */
async function fullStore({ onHost, withLink }: { onHost: (local: Transport) => Transport; withLink: boolean }) {
  const under = await storeUnderTest({ transport: onHost });
  await mkdir(under.at("code"), { recursive: true });
  await writeFile(under.at("layout.json"), '{"version":1,"clusterName":"local"}\n');
  for (let index = 0; index < 150; index++) {
    const name = nameOf(index);
    const leases = index % 7 === 0 ? [] : index % 3 === 0 ? [`L/j.local.${index}`, "L/p.e"] : ["L"];
    for (const folder of ["tree", ...leases]) await mkdir(under.at("code", name, folder), { recursive: true });
    if (index % 11 !== 0) await writeFile(under.at("code", name, "manifest"), header);
    await mkdir(under.at("trash", name), { recursive: true });
    if (index % 2 === 0) await writeFile(under.at("trash", name, "manifest"), header);
  }
  await writeFile(under.at("code", nameOf(1), "L", "p.file"), "");
  await symlink("/", under.at("code", nameOf(2), "L", "p.link"));
  if (withLink) await symlink("/", under.at("code", nameOf(1_000)));
  return under;
}

/** What is told, without times and the root. */
async function told(onHost: (local: Transport) => Transport, withLink = false) {
  await using under = await fullStore({ onHost, withLink });
  const { instances, leftovers } = await under.store.contents();
  return {
    instances: instances.map((instance) => ({
      ...instance,
      directory: "",
      ...(instance.idleSeconds !== undefined && { idleSeconds: 0 }),
      leases: instance.leases.map(({ name }) => name),
    })),
    leftovers: leftovers.map((leftover) => ({ ...leftover, ageSeconds: 0 })),
  };
}

const contents = { files: 1, symlinks: 0, directories: 0, bytes: 7 };
const expected = {
  instances: Array.from({ length: 150 }, (_, index) => ({
    instance: nameOf(index),
    digest: nameOf(index).slice(0, 64),
    directory: "",
    open: index % 7 !== 0,
    ...(index % 7 !== 0 && { idleSeconds: 0 }),
    ...(index % 11 !== 0 && { contents }),
    leases: index % 7 !== 0 && index % 3 === 0 ? [`j.local.${index}`, "p.e"] : [],
  })),
  leftovers: Array.from({ length: 150 }, (_, index) => ({
    kind: "trashed",
    name: nameOf(index),
    ageSeconds: 0,
    ...(index % 2 === 0 && { contents }),
  })),
};

const replacing = (from: string, to: string) => (local: Transport) =>
  changed(local, (argv) => {
    if (!argv.some((word) => word.includes(from))) throw new Error(`No command has ${from}`);
    return { argv: argv.map((word) => word.replace(from, to)) };
  });

const hosts: readonly (readonly [what: string, onHost: (local: Transport) => Transport])[] = [
  ["with Perl, by helpers", (local) => local],
  ["with Perl where no more processes may begin", replacing("? fork : undef", "? undef : undef")],
  ["with Perl where a helper dies, by the shell", replacing("close STDOUT;", "kill 9, $$;")],
  ["with Perl where folders are not counted", replacing('(lstat ".")[3] == @code', "0")],
  ["without Perl", withoutPerl],
];

test.each(hosts)("all of a large store is told %s: a lease is a folder, and a link is no copy", async (_, onHost) => {
  expect(await told(onHost)).toEqual(expected);
  expect(await told(onHost, true)).toEqual(expected);
});
