import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository } from "@slipway/testing";
import { testbedSupport } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";

const support = await testbedSupport();
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

describe.skipIf(!support.available)("a job's record on a cluster", () => {
  test("tells of Slurm's job, nodes and version, and of every try with its script", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _ = m;
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a\n" } });
    m.env["KEY"] = "s3cret-and-rare";
    const run = ["run", "--cluster", "testbed", "--name", "e", "--secret", "KEY", "--wait", "--"];
    expect((await m.slipway(repo, ...run, "sh", "-c", "exit 3")).exitCode).toBe(1);
    m.env["EDITOR"] = "sed -i 's/exit 3/exit 0/'";
    expect((await m.slipway(repo, "sbatch", "e", "--edit", "--submit")).exitCode).toBe(0);
    expect((await m.slipway(repo, "wait", "e")).exitCode).toBe(0);
    const shown = await m.json<Shown>(repo, "show", "e");
    const runDir = `${jobDir}/runs/${shown.id}/e`;
    const text = await readFile(path.join(runDir, "record.json"), "utf8");
    const slurm = {
      nodes: expect.stringMatching(/^n\d+$/),
      slurmJobId: expect.stringMatching(/^\d+$/),
      slurmVersion: expect.stringMatching(/^\d\d\.\d\d\.\d+/),
    };
    const times = { startedAt: time, endedAt: time, outcome: "ended", cause: "submitted" };
    expect(JSON.parse(text)).toMatchObject({
      token: `${shown.id}.e.2`,
      cluster: "testbed",
      script: { path: "job.sbatch", sha256: sha256(await readFile(path.join(runDir, "job.sbatch"))) },
      environment: expect.arrayContaining(["KEY"]),
      attempts: [
        { number: 1, try: 1, ...slurm, ...times, exitCode: 3 },
        { number: 2, try: 2, ...slurm, ...times, exitCode: 0 },
      ],
    });
    expect(text).not.toContain("s3cret-and-rare");
    expect(shown.jobs[0]?.record).toEqual(JSON.parse(text));
    const first: unknown = JSON.parse(await readFile(path.join(runDir, "try-1/record.json"), "utf8"));
    expect(first).toMatchObject({ token: `${shown.id}.e.1`, attempts: [{ number: 1, exitCode: 3 }] });
  });

  test("names the nodes of all parts of a heterogeneous job, and its members' ends", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _ = m;
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a\n" } });
    const group =
      "{ server: { run: sleep 300, nodes: 1 }, client: { run: 'exit 0', nodes: 1, ntasks_per_node: 2, ends_group: true } }";
    const file = path.join(m.folder, "x.yaml");
    await writeFile(file, `name: g\ncluster: testbed\njobs:\n  g:\n    group: ${group}\n`);
    const run = await m.slipway(repo, "run", file, "--wait");
    expect(run).toMatchObject({ exitCode: 0 });
    const { id } = await m.json<Shown>(repo, "show", "g");
    const record: unknown = JSON.parse(await readFile(`${jobDir}/runs/${id}/g/record.json`, "utf8"));
    expect(record).toMatchObject({
      attempts: [
        {
          nodes: expect.stringMatching(/^n\d+,n\d+$/),
          exitCode: 0,
          members: [
            { name: "server", outcome: "cancelled", reason: "group_ended" },
            { name: "client", outcome: "ended", exitCode: 0 },
          ],
        },
      ],
    });
  });
});

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

interface Shown {
  readonly id: string;
  readonly jobs: readonly { readonly record?: object }[];
}
