import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository, writeFiles } from "@slipway/testing";
import { sharedTestbed, testbedSupport } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";
import { machine } from "./slipway.ts";
import { openTerminal } from "./terminal.ts";

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
if (!support.available) process.stderr.write(`No Slurm cluster can be started here: ${support.why}\n`);

describe.skipIf(!support.available)("on a Slurm cluster", () => {
  test("a command runs on the cluster from a laptop, and status, logs, wait and show are right", async () => {
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
    expect(await readFile(`${jobDir}/runs/${experiment}/train/job.sbatch`, "utf8")).toContain(
      "set -- python3 train.py",
    );
    expect(await m.json<readonly unknown[]>(repo, "list", "--cluster", "testbed")).toMatchObject([
      { cluster: "testbed", state: "succeeded" },
    ]);
  });

  test("the job's failure is the exit code 1 of a followed run, and its own code is in the document", async () => {
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

  test("a running job is cancelled at once", async () => {
    const { m } = await machineWithCluster();
    await using _machine = m;
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
    const { stdout } = await m.slipway(repo, "run", "--cluster", "testbed", "--name", "long", "--", "sleep", "300");
    expect((await m.slipway(repo, "cancel", stdout.trim())).exitCode).toBe(0);
    expect((await m.slipway(repo, "wait", "long")).exitCode).toBe(7);
  });

  test("the jobs of an experiment file wait for each other on the cluster", async () => {
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

  test("needs that say no more mean the end that the cluster's file says", async () => {
    const { m } = await machineWithCluster();
    await using _machine = m;
    const file = path.join(m.home, "clusters/testbed.yaml");
    await writeFiles(m.home, { "clusters/testbed.yaml": `${await readFile(file, "utf8")}dependency_type: afterany\n` });
    const jobs = {
      a: { run: "exit 5" },
      b: { needs: "a", run: "echo anyway" },
      c: { needs: [{ job: "a", type: "ok" }], run: "echo never" },
    };
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
      files: { "exp.yaml": JSON.stringify({ name: "graph", cluster: "testbed", jobs }) },
    });
    const { stdout } = await m.slipway(repo, "run", "exp.yaml", "--wait", "--json");
    expect(JSON.parse(stdout).jobs).toMatchObject([
      { name: "a", state: "failed" },
      { name: "b", state: "succeeded" },
      { name: "c", state: "cancelled" },
    ]);
  });

  test("with NeMo-Skills' preset its API keys reach the job as secrets, also from where its tools look", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    Object.assign(m.env, { NVIDIA_API_KEY: "nv-1234", HF_HOME: path.join(m.folder, "hf"), WANDB_API_KEY: "" });
    await writeFiles(m.folder, { "hf/token": "hf-5678\n" });
    const companion = { name: "nemo_skills", path: "nemo_skills" };
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
      files: {
        "slipway.yaml": JSON.stringify({ preset: "nemo-skills", packaging: { companions: [companion] } }),
        "nemo_skills/__init__.py": "",
      },
    });
    const words = 'echo "$NVIDIA_API_KEY $NGC_API_KEY $HF_TOKEN ${WANDB_API_KEY-unset}"';
    const run = await m.slipway(repo, "run", "--cluster", "testbed", "--follow", "--", "sh", "-c", words);
    expect(run).toMatchObject({ exitCode: 0, stdout: "nv-1234 nv-1234 hf-5678 unset\n" });
    const [id = ""] = await readdir(`${jobDir}/runs`);
    expect(await readFile(`${jobDir}/runs/${id}/sh/job.sbatch`, "utf8")).not.toMatch(/nv-1234|hf-5678/);
    expect(await readFile(path.join(m.home, "runs", id, "experiment.json"), "utf8")).not.toMatch(/nv-1234|hf-5678/);
  });

  test("a secret of the cluster file reaches the job and stands in no file but the 0600 one", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    m.env["API_KEY"] = "s3cret-on-cluster";
    const file = path.join(m.home, "clusters/testbed.yaml");
    await writeFiles(m.home, { "clusters/testbed.yaml": `${await readFile(file, "utf8")}secrets: [API_KEY]\n` });
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
    const run = await m.slipway(
      repo,
      "run",
      "--cluster",
      "testbed",
      "--follow",
      "--",
      "sh",
      "-c",
      'echo "${#API_KEY}"',
    );
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

  test("a host that is not known, is down or does not exist is told without a stack, with exit code 3", async () => {
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

  test("what sbatch refuses is told with advice, exit code 4, and nothing stays behind", async () => {
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

  test("doctor, nodes, sbatch, login and logout tell the truth about the cluster", async () => {
    const { m } = await machineWithCluster();
    await using _machine = m;
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
    const checks = await m.json<readonly { what: string; result: string; seen: string }[]>(
      repo,
      "doctor",
      "--cluster",
      "testbed",
    );
    expect(checks.filter(({ result }) => result === "wrong")).toEqual([]);
    expect(Object.fromEntries(checks.map(({ what, seen }) => [what, seen]))).toMatchObject({
      Slurm: expect.stringContaining("22.05"),
      controller: "answers",
      partition: "main",
    });
    const partitions = await m.json<readonly { partition: string; nodes: object }[]>(
      repo,
      "nodes",
      "--cluster",
      "testbed",
    );
    expect(partitions.map(({ partition }) => partition)).toEqual(["main", "short", "urgent"]);
    const { stdout } = await m.slipway(repo, "run", "--cluster", "testbed", "--name", "echoes", "--", "echo", "it's");
    expect((await m.slipway(repo, "sbatch", stdout.trim())).stdout).toContain("set -- echo 'it'\\''s'");
    m.env["EDITOR"] = "sed -i s/echo/printf/";
    expect((await m.slipway(repo, "sbatch", "echoes", "--edit")).stdout).toMatch(/^Wrote .*job\.sbatch\n$/);
    expect((await m.slipway(repo, "sbatch", "echoes")).stdout).toContain("set -- printf 'it'\\''s'");
    expect((await m.slipway(repo, "login", "testbed")).stdout).toMatch(/^Logged in to testbed/);
    expect((await m.slipway(repo, "login", "testbed")).stdout).toBe("testbed was open already\n");
    expect((await m.slipway(repo, "logout", "testbed")).stdout).toBe("Logged out of testbed\n");
  });

  test("init writes a cluster file, checks it live, and never writes over one", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
    const options = ["--host", "testbed", "--job-dir", jobDir, "--partition", "main"];
    const first = await m.slipway(repo, "init", "dgx", ...options);
    expect({ ...first }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/✓ partition +main\n[^]*Wrote cluster_configs\/dgx\.yaml/),
    });
    const file = path.join(repo, "cluster_configs/dgx.yaml");
    expect(await readFile(file, "utf8")).toContain(
      `executor: slurm\nssh_tunnel:\n  host: "testbed"\n  job_dir: ${JSON.stringify(jobDir)}\npartition: "main"\n`,
    );
    expect(await m.slipway(repo, "init", "dgx", ...options)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("is there already"),
    });
    expect((await m.slipway(repo, "run", "--cluster", "dgx", "--wait", "--", "true")).exitCode).toBe(0);
  });

  test("init asks on a terminal for what was not given, and for a job_dir until it can be one", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
    const terminal = openTerminal(m, repo, "init", "dgx", "--partition", "main");
    await terminal.reads("Login node");
    terminal.types("testbed");
    await terminal.reads("User there");
    terminal.types("");
    await terminal.reads("Directory there");
    terminal.types("home/slipway");
    await terminal.reads("Give it from the top");
    terminal.types(`\u0015${jobDir}`); // Ctrl-U takes away what stands there.
    await terminal.reads("Slurm account");
    terminal.types("");
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.shown()).toMatch(/✓ partition +main\n[^]*Wrote cluster_configs\/dgx\.yaml/);
    expect(await readFile(path.join(repo, "cluster_configs/dgx.yaml"), "utf8")).toContain(
      `ssh_tunnel:\n  host: "testbed"\n  job_dir: ${JSON.stringify(jobDir)}\npartition: "main"\n`,
    );
  });

  test("on the login node itself the same works without SSH", async () => {
    const { ssh, slurmConf } = await sharedTestbed();
    await using m = await machine();
    m.env["SLURM_CONF"] = slurmConf;
    await writeFiles(m.home, {
      "clusters/here.yaml": `executor: slurm\njob_dir: ${ssh.home}/as-root-${path.basename(m.folder)}\n`,
    });
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "content\n" } });
    const run = await m.slipway(repo, "run", "--cluster", "here", "--follow", "--", "cat", "a");
    expect({ ...run }).toMatchObject({ exitCode: 0, stdout: "content\n" });
  });
});
