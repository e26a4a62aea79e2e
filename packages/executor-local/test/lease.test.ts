import { mkdir, readdir, readlink, rename, rm, rmdir } from "node:fs/promises";
import path from "node:path";

import { createLocalExecutor } from "@slipway/executor-local";
import { expect, test } from "vitest";

import { env, openFixture } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";

const instanceOf = ({ code }: Pick<Fixture, "code">) => path.dirname(code.directory);
const leasesOf = async (directory: string) => readdir(path.join(directory, "L"));

test("a job's code is leased before anything of the job is there, and stays so after its end", async () => {
  await using f = await openFixture();
  const instance = instanceOf(f);
  const handle = await f.start({ sh: `ls ${JSON.stringify(path.join(instance, "L")).replaceAll("$", "\\$")}` });
  await f.end(handle);
  expect(await leasesOf(instance)).toEqual([expect.stringMatching(/^j\.local\.[0-9a-f]{16}$/)]);
  expect(await f.log(handle)).toMatch(/^j\.local\.[0-9a-f]{16}\n$/);
});

test("a submission of several jobs leases for each, and a refused one gives its leases back", async () => {
  await using f = await openFixture();
  await f.executor.submit([f.plan({ name: "a" }), f.plan({ name: "b" })]);
  expect(await leasesOf(instanceOf(f))).toHaveLength(2);
  await expect(f.executor.submit([f.plan({ argv: ["./nothing"] }, "exp-2")])).rejects.toMatchObject({
    code: "EXECUTOR_COMMAND_NOT_FOUND",
  });
  expect(await leasesOf(instanceOf(f))).toHaveLength(2);
});

test("code that a cleaner closed between staging and submitting is staged again", async () => {
  await using f = await openFixture();
  await rmdir(path.join(instanceOf(f), "L"));
  await rename(instanceOf(f), path.join(f.home, "store/trash", path.basename(instanceOf(f))));
  const handle = await f.start({ sh: "ls" });
  expect(await f.end(handle)).toMatchObject({ state: "succeeded" });
  const link = path.resolve(handle.runDir, await readlink(path.join(handle.runDir, "code")));
  expect(link).not.toBe(f.code.directory);
  expect(await leasesOf(path.dirname(link))).toHaveLength(1);
});

test("without the bundle, code that is gone is an error, and nothing of the job is there", async () => {
  await using f = await openFixture();
  const plan = f.plan();
  await rmdir(path.join(instanceOf(f), "L"));
  await using other = createLocalExecutor({ home: f.home, env });
  await expect(other.submit([plan])).rejects.toMatchObject({
    code: "EXECUTOR_CODE_GONE",
    message: `The code of job job is no longer in the store: ${f.code.directory}`,
  });
  await expect(readdir(path.join(f.home, "runs"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("a submission that goes on after a crash takes a lease of its own, and its job has the code that it holds", async () => {
  await using f = await openFixture();
  const handle = await f.start({ sh: "ls" });
  await f.end(handle);
  for (const name of await readdir(handle.runDir)) {
    if (/^(commit|attempt-)/.test(name)) await rm(path.join(handle.runDir, name)); // As if it had died before the wrapper began.
  }
  const [old] = await leasesOf(instanceOf(f));
  await mkdir(path.join(instanceOf(f), "L/i.exp-1.job.1"));
  await f.executor.submit([f.plan({ sh: "ls" })]);
  expect((await leasesOf(instanceOf(f))).filter((name) => name !== old)).toEqual([
    expect.stringMatching(/^j\.local\.[0-9a-f]{16}$/),
  ]);
  expect(await f.end(handle)).toMatchObject({ state: "succeeded" });
});
