import { readFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository } from "@slipway/testing";
import { testbedSupport } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";

const support = await testbedSupport();

describe.skipIf(!support.available)("a job's sbatch file", () => {
  async function openWorld() {
    const { m, jobDir } = await machineWithCluster();
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "of the commit\n" } });
    return {
      m,
      jobDir,
      slipway: (...words: readonly string[]) => m.slipway(repo, ...words),
      json: <T>(...words: readonly string[]) => m.json<T>(repo, ...words),
      [Symbol.asyncDispose]: () => m[Symbol.asyncDispose](),
    };
  }

  test("that was edited is submitted again: it runs as changed, with the same code and secrets, and the try before stays", async () => {
    await using world = await openWorld();
    world.m.env["KEY"] = "k3y";
    const run = ["run", "--cluster", "testbed", "--secret", "KEY", "--name", "ed", "--wait", "--"];
    expect((await world.slipway(...run, "sh", "-c", "cat a; echo first ${#KEY}; exit 3")).exitCode).toBe(1);
    world.m.env["EDITOR"] = "sed -i 's/echo first/echo second/; s/exit 3/exit 0/'";
    const again = await world.slipway("sbatch", "ed", "--edit", "--submit");
    expect(again).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Wrote .*\/job\.sbatch\nSubmitted ed-\w+\/ed again, as try 2 \(id \d+\)\n$/),
    });
    expect((await world.slipway("wait", "ed")).exitCode).toBe(0);
    expect((await world.slipway("logs", "ed")).stdout).toBe("of the commit\nsecond 3\n");
    expect((await world.slipway("logs", "ed", "--attempt", "1")).stdout).toBe("of the commit\nfirst 3\n");
    const record = await world.json<Shown>("show", "ed");
    expect(record.jobs).toMatchObject([
      { token: `${record.id}.ed.2`, earlierTries: [{ token: `${record.id}.ed.1`, handle: { job: "ed" } }] },
    ]);
    const runDir = `${world.jobDir}/runs/${record.id}/ed`;
    const [now, before] = await Promise.all(
      ["job.sbatch", "try-1/job.sbatch"].map((name) => readFile(path.join(runDir, name), "utf8")),
    );
    expect([now, before]).toEqual([expect.stringContaining("echo second"), expect.stringContaining("echo second")]);
    expect((await world.slipway("sbatch", "ed")).stdout).toBe(now);
  });

  test("is not submitted again while its job has not ended, nor without the values of its secrets", async () => {
    await using world = await openWorld();
    world.m.env["KEY"] = "k3y";
    const run = ["run", "--cluster", "testbed", "--secret", "KEY", "--name", "ed", "--"];
    expect((await world.slipway(...run, "sleep", "300")).exitCode).toBe(0);
    const tooEarly = await world.slipway("sbatch", "ed", "--submit");
    expect(tooEarly).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/has not ended[^]*→ Wait for its end/),
    });
    delete world.m.env["KEY"];
    const withoutSecret = await world.slipway("sbatch", "ed", "--submit");
    expect(withoutSecret).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/KEY[^]*→ export KEY first/) });
    expect((await world.slipway("cancel", "ed")).exitCode).toBe(0);
  });
});

interface Shown {
  readonly id: string;
  readonly jobs: readonly object[];
}
