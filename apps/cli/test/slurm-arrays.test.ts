import { appendFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository } from "@slipway/testing";
import { startTestbed, testbedSupport } from "@slipway/testing/testbed";
import type { Testbed } from "@slipway/testing/testbed";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";
import type { Machine } from "./slipway.ts";

const support = await testbedSupport();

interface Status {
  readonly experiment: string;
  readonly jobs: readonly {
    readonly name: string;
    readonly state: string;
    readonly members?: readonly { readonly array: number; readonly state: string; readonly exitCode?: number }[];
  }[];
}

describe.skipIf(!support.available)("arrays on a cluster whose MaxArraySize is 4", () => {
  let testbed: Testbed;

  beforeAll(async () => {
    testbed = await startTestbed({ accounting: false, nodes: 2 });
    await testbed.stopController();
    await appendFile(testbed.slurmConf, "MaxArraySize=4\n");
    await testbed.startController();
  });
  afterAll(() => testbed[Symbol.asyncDispose]());

  async function openWorld(): Promise<{ m: Machine; repo: string; file: string }> {
    const { m } = await machineWithCluster(testbed);
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a\n" } });
    const file = path.join(m.folder, "x.yaml");
    await writeFile(
      file,
      "name: s\ncluster: testbed\njobs:\n  t: { run: 'echo {x} $SLIPWAY_ARRAY_INDEX', matrix: { x: [a, b, c, d, e] } }\n  then: { run: 'true', needs: t }\n",
    );
    return { m, repo, file };
  }

  test("an array of five becomes two jobs, whose elements keep their indices, and who needs it needs both", async () => {
    const { m, repo, file } = await openWorld();
    await using _ = m;
    expect(await m.slipway(repo, "run", file, "--wait")).toMatchObject({ exitCode: 0 });
    const { jobs } = await m.json<Status>(repo, "status", "s");
    expect(jobs.map(({ name, state, members }) => [name, state, members?.length])).toEqual([
      ["t.1", "succeeded", 4],
      ["t.2", "succeeded", 1],
      ["then", "succeeded", undefined],
    ]);
    const { stdout } = await m.slipway(repo, "logs", "s");
    const lines = stdout.split("\n").flatMap((line) => /([a-e] [0-4])$/.exec(line)?.[1] ?? []);
    expect(lines.toSorted()).toEqual(["a 0", "b 1", "c 2", "d 3", "e 4"]);
    const dry = await m.json<{ readonly jobs: readonly { readonly name: string }[] }>(repo, "run", file, "--dry-run");
    expect(dry.jobs.map(({ name }) => name)).toEqual(["t.1", "t.2", "then"]);
  });
});
