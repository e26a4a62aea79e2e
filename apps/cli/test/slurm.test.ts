import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository, writeFiles } from "@slipway/testing";
import { sharedTestbed, testbedSupport } from "@slipway/testing/testbed";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";
import type { Machine } from "./slipway.ts";

interface Status {
  readonly experiment: string;
  readonly state: string;
  readonly jobs: readonly {
    readonly name: string;
    readonly state: string;
    readonly exitCode?: number;
    readonly nativeId?: string;
  }[];
}

const support = await testbedSupport();
const onCluster = test.skipIf(!support.available);
if (!support.available) test.skip(`no Slurm here: ${support.why}`, () => {});

/** A user's machine whose cluster file `testbed` leads over sshd to the real cluster. */
async function machineWithCluster(): Promise<{ m: Machine; jobDir: string }> {
  const { ssh } = await sharedTestbed();
  const m = await machine();
  const jobDir = path.join(ssh.home, `slipway-${path.basename(m.folder)}`);
  await writeFiles(m.folder, {
    ssh_config: [
      "Host testbed",
      `  HostName ${ssh.host}`,
      `  Port ${ssh.port}`,
      `  User ${ssh.user}`,
      `  IdentityFile ${ssh.identityFile}`,
      `  UserKnownHostsFile ${ssh.knownHostsFile}`,
      "",
    ].join("\n"),
    "slipway home/clusters/testbed.yaml": `executor: slurm\nssh_tunnel: { host: testbed, job_dir: ${jobDir} }\npartition: main\ndefault_timeout: 5m\n`,
  });
  m.env["SLIPWAY_SSH_CONFIG"] = path.join(m.folder, "ssh_config");
  return { m, jobDir };
}

onCluster("a command runs on the cluster from a laptop, and status, logs, wait and show are right", async () => {
  const { m, jobDir } = await machineWithCluster();
  await using _machine = m;
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: { "train.py": "import os\nprint('training', os.environ['SLIPWAY_JOB'])\n" },
  });
  const run = await m.slipway(repo, "run", "--cluster", "testbed", "--gpus", "0", "--", "python3", "train.py");
  expect({ exitCode: run.exitCode, stderr: run.stderr }).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("submitted to testbed"),
  });
  const experiment = run.stdout.trim();
  expect((await m.slipway(repo, "wait", experiment)).exitCode).toBe(0);
  expect(await m.json<Status>(repo, "status", experiment)).toMatchObject({
    state: "succeeded",
    jobs: [{ exitCode: 0 }],
  });
  expect((await m.slipway(repo, "logs", experiment)).stdout).toBe("training train\n");
  const shown = await m.json<{ jobs: readonly { handle: { runDir: string } }[] }>(repo, "show", experiment);
  expect(shown.jobs[0]?.handle.runDir).toBe(`${jobDir}/runs/${experiment}/train`);
  expect(await readFile(`${jobDir}/runs/${experiment}/train/job.sbatch`, "utf8")).toContain("set -- python3 train.py");
  expect(await m.json<readonly unknown[]>(repo, "list", "--cluster", "testbed")).toMatchObject([
    { cluster: "testbed", state: "succeeded" },
  ]);
});

onCluster("the job's failure is the exit code 1 of a followed run, and its own code is in the document", async () => {
  const { m } = await machineWithCluster();
  await using _machine = m;
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const { exitCode, stdout } = await m.slipway(
    repo,
    "run",
    "--cluster",
    "testbed",
    "--follow",
    "--",
    "sh",
    "-c",
    "echo to the end; exit 3",
  );
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "to the end\n" });
  const [row] = await m.json<readonly Status[]>(repo, "list");
  expect(await m.json<Status>(repo, "status", row?.experiment ?? "")).toMatchObject({
    jobs: [{ state: "failed", exitCode: 3 }],
  });
});

onCluster("a running job is cancelled at once", async () => {
  const { m } = await machineWithCluster();
  await using _machine = m;
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const { stdout } = await m.slipway(repo, "run", "--cluster", "testbed", "--name", "long", "--", "sleep", "300");
  expect((await m.slipway(repo, "cancel", stdout.trim())).exitCode).toBe(0);
  expect((await m.slipway(repo, "wait", "long")).exitCode).toBe(7);
});

onCluster("the jobs of an experiment file wait for each other on the cluster", async () => {
  const { m } = await machineWithCluster();
  await using _machine = m;
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: {
      "exp.yaml": [
        "name: graph",
        "cluster: testbed",
        "jobs:",
        "  a: { run: echo one }",
        "  b: { needs: a, run: exit 5 }",
        "  c: { needs: b, run: echo never }",
        "  d: { needs: { job: b, type: any }, run: echo anyway }",
        "",
      ].join("\n"),
    },
  });
  const { stdout, exitCode } = await m.slipway(repo, "run", "exp.yaml", "--wait", "--json");
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout).jobs).toMatchObject([
    { name: "a", state: "succeeded" },
    { name: "b", state: "failed", exitCode: 5 },
    { name: "c", state: "cancelled" },
    { name: "d", state: "succeeded" },
  ]);
});

onCluster("a secret of the cluster file reaches the job and stands in no file but the 0600 one", async () => {
  const { m, jobDir } = await machineWithCluster();
  await using _machine = m;
  m.env["API_KEY"] = "s3cret-on-cluster";
  const file = path.join(m.home, "clusters/testbed.yaml");
  await writeFiles(m.home, { "clusters/testbed.yaml": `${await readFile(file, "utf8")}secrets: [API_KEY]\n` });
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const run = await m.slipway(repo, "run", "--cluster", "testbed", "--follow", "--", "sh", "-c", 'echo "${#API_KEY}"');
  expect(run).toMatchObject({ exitCode: 0, stdout: "17\n" });
  const holders: string[] = [];
  for (const folder of [jobDir, m.home]) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const name = path.join(entry.parentPath, entry.name);
      if (entry.isFile() && (await readFile(name, "latin1")).includes("s3cret")) holders.push(entry.name);
    }
  }
  expect(holders).toEqual(["secrets"]);
});

onCluster("a host that is not known, is down or does not exist is told without a stack, with exit code 3", async () => {
  const { m } = await machineWithCluster();
  await using _machine = m;
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const { ssh } = await sharedTestbed();
  const cluster = (host: string) => `executor: slurm\nssh_tunnel: { host: ${host}, job_dir: /tmp/x }\n`;
  await writeFiles(m.home, { "clusters/stranger.yaml": cluster("stranger"), "clusters/down.yaml": cluster("down") });
  await writeFiles(m.folder, {
    ssh_config: `Host stranger\n  HostName 127.0.0.1\n  Port ${ssh.port}\n  User ${ssh.user}\n  UserKnownHostsFile /dev/null\nHost down\n  HostName 127.0.0.1\n  Port 1\n`,
  });
  const stranger = await m.slipway(repo, "run", "--cluster", "stranger", "--", "true");
  expect(stranger).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/SHA256:/) });
  const down = await m.slipway(repo, "run", "--cluster", "down", "--", "true");
  expect(down).toMatchObject({ exitCode: 3 });
  expect(`${stranger.stderr}${down.stderr}`).not.toMatch(/^\s+at /m);
  const missing = await m.slipway(repo, "run", "--cluster", "testbde", "--", "true");
  expect(missing).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("testbed") });
});

onCluster("what sbatch refuses is told with advice, exit code 4, and nothing stays behind", async () => {
  const { m } = await machineWithCluster();
  await using _machine = m;
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const { exitCode, stderr } = await m.slipway(
    repo,
    "run",
    "--cluster",
    "testbed",
    "--partition",
    "nowhere",
    "--",
    "true",
  );
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 4, stderr: expect.stringMatching(/partition/i) });
  expect(await m.json<readonly unknown[]>(repo, "list")).toEqual([]);
});
