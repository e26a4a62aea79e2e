import { execFile } from "node:child_process";
import { lstat, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { describe, expect, test } from "vitest";

import { privateCopyFunctions } from "../src/index.ts";
import { bundleOf } from "./bundle.ts";
import type { BundledFile } from "./bundle.ts";
import { namedShells } from "./shell-session.ts";
import { exampleFiles, makeFolder, namesIn, storeUnderTest, treeOf } from "./store-under-test.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { searchPath } from "./transports.ts";

const execFileAsync = promisify(execFile);
const files: readonly BundledFile[] = [
  ...exampleFiles,
  { path: "odd\nname/-n", content: "odd" },
  { path: "up", target: ".." },
];

describe.each(namedShells)("in %s", (_, [shell = "", ...args]) => {
  async function copy(under: StoreUnderTest, instance: string, destination: string, before = "umask 022") {
    const script = `${before}\n${privateCopyFunctions}slipway_private_copy "$1" "$2"`;
    const argv = [...args, "-c", script, "sh", under.at("code", instance), destination];
    return execFileAsync(shell, argv, { env: { PATH: searchPath, HOME: "/nonexistent" } }).then(
      ({ stderr }) => ({ code: 0, stderr }),
      (error: { readonly code: number; readonly stderr: string }) => ({ code: error.code, stderr: error.stderr }),
    );
  }

  test("the copy has the code's content and links, is writable, and shares nothing with the store", async () => {
    await using under = await storeUnderTest();
    const { instance, directory } = await under.store.stage(await bundleOf(...files));
    const runDir = await makeFolder(under.root, "runs", "a b");
    expect(await copy(under, instance, `${runDir}/code`)).toEqual({ code: 0, stderr: "" });
    expect(await treeOf(`${runDir}/code`)).toEqual({
      "bin/": "755",
      "bin/run": "755 #!/bin/sh\n",
      "data/": "755",
      "data/empty": "644 ",
      latest: "-> data/empty",
      "odd\nname/": "755",
      "odd\nname/-n": "644 odd",
      "train.py": "644 print('hello')\n",
      up: "-> ..",
    });
    expect((await lstat(`${runDir}/code/train.py`)).nlink).toBe(1);
    for (const name of ["train.py", "latest", "new"]) await writeFile(`${runDir}/code/${name}`, "changed");
    expect(await readFile(path.join(directory, "train.py"), "utf8")).toBe("print('hello')\n");
    expect(await under.store.verify(instance)).toEqual([]);
    expect(await namesIn(runDir)).toEqual(["code"]);
  });

  test("the copy of an earlier attempt stays, with what was done to it", async () => {
    await using under = await storeUnderTest();
    const { instance } = await under.store.stage(await bundleOf(...files));
    const runDir = await makeFolder(under.root, "runs");
    await copy(under, instance, `${runDir}/code`);
    await writeFile(`${runDir}/code/train.py`, "changed");
    expect(await copy(under, instance, `${runDir}/code`)).toEqual({ code: 0, stderr: "" });
    expect(await readFile(`${runDir}/code/train.py`, "utf8")).toBe("changed");
    expect(await namesIn(`${runDir}/code`)).toEqual(["bin", "data", "latest", "odd\nname", "train.py", "up"]);
  });

  test("of two who copy at once one copy comes, and no other folder is left", async () => {
    await using under = await storeUnderTest();
    const { instance } = await under.store.stage(await bundleOf(...files));
    const runDir = await makeFolder(under.root, "runs");
    const both = await Promise.all([1, 2].map(async () => copy(under, instance, `${runDir}/code`)));
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(await namesIn(runDir)).toEqual(["code"]);
    expect(await namesIn(`${runDir}/code`)).toEqual(["bin", "data", "latest", "odd\nname", "train.py", "up"]);
  });

  test("code that is not there, a link in the place, or a disk that is full leave no half copy", async () => {
    await using under = await storeUnderTest();
    const { instance } = await under.store.stage(await bundleOf(...files));
    const runDir = await makeFolder(under.root, "runs");
    expect(await copy(under, "gone", `${runDir}/code`)).toEqual({
      code: 1,
      stderr: expect.stringContaining(`slipway: cannot copy the code to ${runDir}/code\n`),
    });
    await symlink(under.root, `${runDir}/link`);
    expect(await copy(under, instance, `${runDir}/link`)).toEqual({
      code: 1,
      stderr: `slipway: ${runDir}/link is a symbolic link\n`,
    });
    expect(await namesIn(runDir)).toEqual(["link"]);
    await mkdir(`${runDir}/tiny`);
    const isMounted = await under.transport.exec([
      "mount",
      "-t",
      "tmpfs",
      "-o",
      "nr_inodes=4",
      "tmpfs",
      `${runDir}/tiny`,
    ]);
    if (isMounted.exitCode !== 0) return;
    try {
      expect(await copy(under, instance, `${runDir}/tiny/code`)).toMatchObject({ code: 1 });
      expect(await namesIn(`${runDir}/tiny`)).toEqual([]);
    } finally {
      await under.transport.exec(["umount", `${runDir}/tiny`]);
    }
  });
});
