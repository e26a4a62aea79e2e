import { chmod, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { createCodeStore } from "../src/index.ts";
import { bundleOf } from "./bundle.ts";
import { localTransport, searchPath } from "./transports.ts";

const names = [
  "a b",
  "it's",
  '"',
  "$HOME",
  "tail ",
  "-r",
  "é",
  "x: OK",
  "*",
  "a *b",
  "(c)",
  "#d",
  ...Array.from("efghi"),
];
const files = names.map((name) => ({ path: `d/${name}`, content: `of ${name}` }));

/** A store on a host whose openssl and sha256sum tell of the files that they are given; what openssl does is a script. */
async function hostWithOpenssl(openssl: string) {
  const folder = await temporaryDirectory();
  const calls = path.join(folder.path, "calls");
  const inFolder = (name: string) => path.join(folder.path, name);
  const write = (name: string, script: string) => writeFile(inFolder(name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  await write("openssl", `PATH=${searchPath}; echo "openssl $1" >>${calls}; ${openssl}`);
  await write(
    "sha256sum",
    `PATH=${searchPath}; case $1 in -c) echo "sha256sum $1" >>${calls} ;; esac; exec sha256sum "$@"`,
  );
  await writeFile(calls, "");
  const transport = localTransport({ PATH: `${folder.path}:${searchPath}` });
  return {
    store: createCodeStore({ transport, root: inFolder("root"), clusterName: "local" }),
    calls: async () => [...new Set((await readFile(calls, "utf8")).split("\n").filter(Boolean))],
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const right = 'shift 3; sha256sum -b -- "$@"';
const real = 'command -v openssl >/dev/null || { shift 3; exec sha256sum -b -- "$@"; }; exec openssl "$@"';

test.for([right, real])("files are looked at once where openssl says what their manifest says: %s", async (script) => {
  await using host = await hostWithOpenssl(script);
  const { instance } = await host.store.stage(await bundleOf(...files));
  expect(await host.store.verify(instance)).toEqual([]);
  expect(await host.calls()).toEqual(["openssl dgst"]);
});

test.for([
  { does: "fails", script: "exit 1" },
  { does: "says other digests", script: `shift 3; for each; do echo "${"0".repeat(64)} *$each"; done` },
  { does: "leaves files out", script: 'shift 4; exec sha256sum -b -- "$@"' },
  { does: "says more", script: `${right}; echo more` },
])("code arrives where an openssl $does: its files are looked at again", async ({ script }) => {
  await using host = await hostWithOpenssl(script);
  const { instance } = await host.store.stage(await bundleOf(...files));
  expect(await host.store.verify(instance)).toEqual([]);
  expect(await host.calls()).toEqual(["openssl dgst", "sha256sum -c"]);
});

test("a file that is not what its manifest says is found and named, also by an openssl that is right", async () => {
  await using host = await hostWithOpenssl(right);
  const { instance, directory } = await host.store.stage(await bundleOf(...files));
  const damaged = path.join(directory, "d", "it's");
  await chmod(damaged, 0o644);
  await writeFile(damaged, "of its");
  await chmod(damaged, 0o444);
  expect(await host.store.verify(instance)).toEqual(["the content of tree/d/it's is not what its manifest says"]);
});
