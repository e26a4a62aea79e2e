import { chmod, readdir, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository } from "@slipway/testing";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";
import type { Machine } from "./slipway.ts";

interface Check {
  readonly what: string;
  readonly result: string;
  readonly seen: string;
  readonly mend?: string;
}

async function codeStoreOf(m: Machine, ...args: readonly string[]): Promise<Check | undefined> {
  const checks = await m.json<readonly Check[]>(m.folder, "doctor", ...args);
  return checks.find(({ what }) => what === "code store");
}

test("doctor tells the store's health; only with --deep it reads the code", async () => {
  await using m = await machine();
  expect(await codeStoreOf(m)).toBe(undefined);
  const repo = path.join(m.folder, "repo");
  await gitRepository(repo, { files: { "train.sh": "echo hello\n" } });
  await m.slipway(repo, "run", "--", "sh", "train.sh");
  const right = { what: "code store", result: "right", seen: "1 bundle of 11 B, 0 leftovers" };
  expect(await codeStoreOf(m, "--deep")).toEqual(right);

  const [instance = ""] = await readdir(path.join(m.home, "store/code"));
  const file = path.join(m.home, "store/code", instance, "tree/train.sh");
  await chmod(file, 0o644);
  await writeFile(file, "echo jello\n");
  await chmod(file, 0o444);
  expect(await codeStoreOf(m)).toEqual(right);
  expect(await codeStoreOf(m, "--deep")).toEqual({
    what: "code store",
    result: "doubtful",
    seen: `1 bundle of 11 B, 1 damaged, 0 leftovers; code/${instance}: the content of tree/train.sh is not what its manifest says`,
    mend: "A job or a submit needs it: it stays until they have ended. New jobs get another copy",
  });
  const leases = path.join(m.home, "store/code", instance, "L");
  for (const lease of await readdir(leases)) await rmdir(path.join(leases, lease));
  expect(await codeStoreOf(m, "--deep")).toMatchObject({
    result: "doubtful",
    mend: "Nobody needs it: slipway doctor --repair moves it to the trash, and the next run sends another copy",
  });
  const mended = { what: "code store", result: "right", seen: "0 bundles of 0 B, 1 leftover" };
  expect(await codeStoreOf(m, "--deep", "--repair")).toEqual(mended);
  expect(await readdir(path.join(m.home, "store/trash"))).toEqual([instance]);

  await writeFile(path.join(m.home, "store/notes.txt"), "mine");
  expect(await codeStoreOf(m)).toEqual({
    what: "code store",
    result: "doubtful",
    seen: "0 bundles of 0 B, 1 leftover; notes.txt: slipway did not make it",
    mend: "Move it out of the store; slipway leaves it alone",
  });
  await writeFile(path.join(m.home, "store/layout.json"), '{"version":1,"clusterName":"hpc"}\n');
  expect(await codeStoreOf(m)).toMatchObject({ result: "wrong", seen: expect.stringContaining("the cluster hpc's") });
});
