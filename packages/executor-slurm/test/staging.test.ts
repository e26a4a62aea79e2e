import { readdir, rm } from "node:fs/promises";
import path from "node:path";

import type { Transport } from "@slipway/core";
import { createSlurmExecutor } from "@slipway/executor-slurm";
import { temporaryDirectory } from "@slipway/testing";
import { sharedTestbed } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { openFixture } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";
import { isSupported } from "./testbed.ts";

/** Another process of the same user on the same machine, whose commands are counted. */
function openProcess({ transport, jobDir }: Fixture, cacheDirectory: string) {
  let commands = 0;
  const counting: Transport = {
    ...transport,
    exec(argv, options) {
      commands += 1;
      return transport.exec(argv, options);
    },
  };
  const cluster = { name: "testbed", pollMinimumSeconds: 0 };
  const executor = createSlurmExecutor({ transport: counting, jobDir, cluster, cacheDirectory });
  return { executor, commands: () => commands };
}

describe.skipIf(!isSupported)("code that another process staged a moment ago", () => {
  async function submitTwice(between: (fixture: Fixture) => Promise<unknown>) {
    await using folder = await temporaryDirectory();
    await using fixture = await openFixture(await sharedTestbed());
    const submit = async (name: string) => {
      const { executor, commands } = openProcess(fixture, folder.path);
      const code = await executor.stage(fixture.bundle);
      const before = commands();
      const job = { ...fixture.plan({ name, sh: "cat slipway-contract.txt" }).job };
      const context = { experiment: fixture.experiment, code, secrets: {}, comments: [], tryNumber: 1 };
      const [handle] = await executor.submit([executor.plan(job, context)]);
      if (!handle) throw new Error("No handle");
      return { handle, staging: before, submitting: commands() - before };
    };
    await submit("first");
    await between(fixture);
    const { handle, staging, submitting } = await submit("second");
    const { state } = await fixture.end(handle);
    return { state, log: await fixture.log(handle), staging, submitting };
  }

  test("is not looked for again: one command submits the job", async () => {
    expect(await submitTwice(async () => {})).toEqual({
      state: "succeeded",
      log: "code that is staged\n",
      staging: 0,
      submitting: 1,
    });
  });

  test("is staged again when a cleaner took it away", async () => {
    const closeAll = async ({ jobDir }: Fixture) => {
      const code = path.join(jobDir, "store/code");
      for (const instance of await readdir(code)) await rm(path.join(code, instance, "L"), { recursive: true });
    };
    expect(await submitTwice(closeAll)).toMatchObject({ state: "succeeded", log: "code that is staged\n", staging: 0 });
  });

  test("is staged again when the whole job_dir was removed", async () => {
    expect(await submitTwice(({ jobDir }) => rm(jobDir, { recursive: true }))).toMatchObject({
      state: "succeeded",
      log: "code that is staged\n",
      staging: 0,
    });
  });
});
