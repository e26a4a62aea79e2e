import { chmod, chown, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository } from "@slipway/testing";
import { sharedTestbed, testbedSupport } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";

const support = await testbedSupport();

/** SLIPWAY_MANY_JOBS=1000 takes a minute or more to submit. */
const count = Number(process.env["SLIPWAY_MANY_JOBS"] ?? 60);

describe.skipIf(!support.available)(`the state of ${count} jobs`, () => {
  test("costs one command there and at most two questions to Slurm, and none that was asked a moment ago", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    const calls = await countCalls(path.join(path.dirname(jobDir), `counted-${path.basename(jobDir)}`));
    const cluster = {
      executor: "slurm",
      ssh_tunnel: { host: "testbed", job_dir: jobDir, pre_command: calls.preCommand },
      partition: "main",
      default_timeout: "5m",
      sbatch: { begin: "now+1hour" },
      poll: { min_seconds: 300 },
    };
    await writeFile(path.join(m.home, "clusters/testbed.yaml"), JSON.stringify(cluster));
    const jobs = Object.fromEntries(Array.from({ length: count }, (_, index) => [`j${index}`, { argv: ["true"] }]));
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
      files: { "many.yaml": JSON.stringify({ name: "many", cluster: "testbed", jobs }) },
    });
    const run = await m.slipway(repo, "run", "many.yaml");
    expect(run).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining(
        `submitted to testbed: j0, j1, j2, j3, j4, j5, j6, j7, j8 and ${count - 9} more\n`,
      ),
    });
    expect(await calls.take()).toMatchObject({ sacct: 0 });

    // As another laptop: nothing is remembered.
    m.env["XDG_CACHE_HOME"] = path.join(m.folder, "other cache");
    const status = await m.json<Status>(repo, "status", "many");
    expect(status.jobs.filter(({ state }) => state === "queued")).toHaveLength(count);
    expect(await calls.take()).toEqual({ command: 1, squeue: 1, sacct: 0 });
    await m.json<Status>(repo, "status", "many");
    expect(await calls.take()).toEqual({ command: 1, squeue: 0, sacct: 0 });

    expect((await m.slipway(repo, "cancel", "many")).exitCode).toBe(0);
    await calls.take();
    const after = await m.json<Status>(repo, "status", "many");
    expect(after.jobs.filter(({ state }) => state === "cancelled")).toHaveLength(count);
    const { command, squeue, sacct } = await calls.take();
    expect({ command, questions: squeue + sacct }).toEqual({ command: 1, questions: expect.toSatisfy((n) => n <= 2) });
  });
});

interface Status {
  readonly jobs: readonly { readonly state: string }[];
}

/** Stands before Slurm's own tools: a line for each command that slipway runs there, and for each question to Slurm. */
async function countCalls(folder: string) {
  const { ssh } = await sharedTestbed();
  const log = path.join(folder, "calls");
  const tools = ["squeue", "sacct"] as const;
  await mkdir(folder);
  for (const tool of tools) {
    const shim = `#!/bin/sh\necho ${tool} >>${log}\nPATH=\${PATH#*:} exec ${tool} "$@"\n`;
    await writeFile(path.join(folder, tool), shim);
    await chmod(path.join(folder, tool), 0o755);
  }
  await writeFile(log, "");
  await chown(log, ssh.uid, ssh.gid);
  return {
    preCommand: `echo command >>${log}; export PATH=${folder}:$PATH`,
    /** How often each was called since the last time. */
    async take() {
      const lines = (await readFile(log, "utf8")).split("\n");
      await writeFile(log, "");
      const times = (name: string) => lines.filter((line) => line === name).length;
      return { command: times("command"), squeue: times("squeue"), sacct: times("sacct") };
    },
  };
}
