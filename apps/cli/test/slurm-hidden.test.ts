import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { eventually, gitRepository } from "@slipway/testing";
import { sharedTestbed, testbedSupport } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";

const yes = () => true;
const no = () => false;
const support = await testbedSupport();

describe.skipIf(!support.available)("a partition that is hidden", () => {
  test("hides no job from whoever submitted it: its state is known, and it is not submitted beside itself", async () => {
    const { env } = await sharedTestbed();
    const scontrol = (...args: readonly string[]) =>
      promisify(execFile)("scontrol", [...args], { env: { ...process.env, ...env } });
    await scontrol("create", "PartitionName=hidden", "Nodes=ALL", "Hidden=YES");
    try {
      const { m } = await machineWithCluster();
      await using _machine = m;
      const { path: repo } = await gitRepository(`${m.folder}/repo`, { files: { "a.txt": "a\n" } });
      const asked = ["--cluster", "testbed", "--partition", "hidden", "--sbatch", "begin=now+1hour", "--name", "h"];
      const run = await m.json<{ experiment: string; jobs: readonly { nativeId?: string }[] }>(
        repo,
        "run",
        ...asked,
        "--",
        "true",
      );
      // As another laptop: nothing is remembered.
      m.env["XDG_CACHE_HOME"] = `${m.folder}/other cache`;
      expect(await m.json(repo, "status", run.experiment)).toMatchObject({
        state: "queued",
        jobs: [{ nativeState: "PENDING" }],
      });
      const again = await m.slipway(repo, "sbatch", run.experiment, "--submit");
      expect({ exitCode: again.exitCode, stderr: again.stderr }).toEqual({
        exitCode: 4,
        stderr: expect.stringContaining("has not ended"),
      });
      expect((await m.slipway(repo, "cancel", run.experiment)).exitCode).toBe(0);
      expect((await m.slipway(repo, "wait", run.experiment)).exitCode).toBe(7);
    } finally {
      await eventually("no job is in the partition", () => scontrol("delete", "PartitionName=hidden").then(yes, no));
    }
  });
});
