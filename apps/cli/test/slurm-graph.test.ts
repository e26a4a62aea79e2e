import path from "node:path";

import { gitRepository } from "@slipway/testing";
import { testbedSupport } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";
import { expectGraphOutcomes, graphFile } from "./graphs.ts";
import type { Status } from "./graphs.ts";

const support = await testbedSupport();

describe.skipIf(!support.available)("on a Slurm cluster", () => {
  test("the file with a diamond, an array, a chain and a group has the outcomes that it has on this machine", async () => {
    const { m } = await machineWithCluster();
    await using _machine = m;
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { "graph.yaml": graphFile } });
    await expectGraphOutcomes(m, repo, "--cluster", "testbed");
    const to = path.join(m.folder, "to");
    const pulled = await m.json<{ readonly files: readonly { readonly path: string }[] }>(
      repo,
      "pull",
      "graph/left",
      "--to",
      to,
    );
    expect(pulled.files.map((file) => file.path)).toEqual([
      "0/result",
      "1/result",
      "array-0.record.json",
      "array-1.record.json",
      "record.json",
    ]);
    const again = await m.slipway(repo, "rerun", "graph", "--failed", "--detach", "--json");
    const { jobs } = JSON.parse(again.stdout) as Status;
    expect(jobs.map(({ name }) => name)).toEqual(["right", "never", "chain-1", "chain-2", "chain-3"]);
  });
});
