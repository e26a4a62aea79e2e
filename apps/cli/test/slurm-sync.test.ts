import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { eventually, gitRepository, writeFiles } from "@slipway/testing";
import { sharedTestbed, testbedSupport } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";
import { finished } from "./slipway.ts";
import type { Machine } from "./slipway.ts";

const support = await testbedSupport();

interface Sync {
  readonly cluster: string;
  readonly added: readonly string[];
  readonly completed: readonly string[];
  readonly unchanged: readonly string[];
  readonly skipped: readonly { readonly experiment: string; readonly why: string }[];
}

async function repositoryOf({ folder }: Machine): Promise<string> {
  return (await gitRepository(path.join(folder, "repo"), { files: { "train.py": "print('trained')\n" } })).path;
}

/** As a new laptop: all that is left are the cluster files. */
async function loseHome({ home, folder }: Machine): Promise<void> {
  await cp(path.join(home, "clusters"), path.join(folder, "clusters"), { recursive: true });
  await rm(home, { recursive: true });
  await cp(path.join(folder, "clusters"), path.join(home, "clusters"), { recursive: true });
}

describe.skipIf(!support.available)("records on a cluster", () => {
  test("after a lost home, sync brings back all experiments; status, logs, show, wait, cancel and rerun work as before", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    const repo = await repositoryOf(m);
    const run = (name: string, ...command: readonly string[]) =>
      m.slipway(repo, "run", "--cluster", "testbed", "--name", name, "--", ...command);
    const done = (await run("done", "python3", "train.py")).stdout.trim();
    const long = (await run("long", "sleep", "600")).stdout.trim();
    expect((await m.slipway(repo, "wait", done)).exitCode).toBe(0);
    const before = await readFile(path.join(m.home, "runs", done, "experiment.json"), "utf8");
    await loseHome(m);
    expect(await m.json(repo, "list")).toEqual([]);
    await writeFiles(jobDir, { "runs/broken/experiment.json": '{"version":1,' });

    const [sync] = await m.json<readonly Sync[]>(repo, "sync");
    expect(sync).toEqual({
      cluster: "testbed",
      added: [done, long].toSorted(),
      completed: [],
      unchanged: [],
      skipped: [{ experiment: `${jobDir}/runs/broken/experiment.json`, why: expect.stringContaining("not JSON") }],
    });
    const after = await readFile(path.join(m.home, "runs", done, "experiment.json"), "utf8");
    expect(JSON.parse(after)).toEqual(JSON.parse(before));
    expect(await m.json(repo, "status", done)).toMatchObject({ state: "succeeded", jobs: [{ exitCode: 0 }] });
    expect((await m.slipway(repo, "logs", done)).stdout).toBe("trained\n");
    expect(await m.slipway(repo, "cancel", "long")).toMatchObject({ exitCode: 0, stderr: "" });
    expect((await m.slipway(repo, "wait", "long")).exitCode).toBe(7);
    await writeFile(path.join(repo, "train.py"), "print('another')\n");
    const { experiment: rerun } = await m.json<{ experiment: string }>(repo, "rerun", done, "--code", "same", "--wait");
    expect((await m.slipway(repo, "logs", rerun)).stdout).toBe("trained\n");
    const [again] = await m.json<readonly Sync[]>(repo, "sync", "--cluster", "testbed");
    expect(again).toMatchObject({ added: [], completed: [], unchanged: [done, long, rerun].toSorted() });
  });

  test("a cluster that cannot be asked is told, and the others are synced all the same", async () => {
    const { m } = await machineWithCluster();
    await using _machine = m;
    const repo = await repositoryOf(m);
    await writeFiles(m.home, {
      "clusters/down.yaml": "executor: slurm\nssh_tunnel: { host: down, job_dir: /x }\n",
    });
    m.env["SLIPWAY_SSH_CONFIG"] = path.join(m.folder, "both");
    await cp(path.join(m.folder, "ssh_config"), path.join(m.folder, "both"));
    await writeFile(path.join(m.folder, "both"), "Host down\n  HostName 127.0.0.1\n  Port 1\n", { flag: "a" });
    const { exitCode, stdout } = await m.slipway(repo, "sync", "--json");
    expect({ exitCode, documents: JSON.parse(stdout) }).toMatchObject({
      exitCode: 3,
      documents: [
        { cluster: "down", error: { exitCode: 3 } },
        { cluster: "testbed", added: [] },
      ],
    });
    expect(await m.json(repo, "sync", "--cluster", "down")).toMatchObject({ error: { exitCode: 3 } });
  });
});

/** Moments of a submission on the cluster: before a tool of Slurm's does its work, or after that. */
const moments = [
  { when: "before sbatch", tool: "sbatch", after: false },
  { when: "after sbatch, before its answer", tool: "sbatch", after: true },
  { when: "before the release", tool: "scontrol", after: false },
  { when: "after the release", tool: "scontrol", after: true },
] as const;

type Moment = (typeof moments)[number];

/** Holds a submission at a moment, until it is let go or killed there. */
async function gateAt({ tool, after }: Moment, { m, jobDir }: { readonly m: Machine; readonly jobDir: string }) {
  const testbed = await sharedTestbed();
  const gate = `${jobDir}-gate`;
  await mkdir(gate);
  await chmod(gate, 0o777);
  // The parent of the first shell is the script of the submission.
  const wait = `echo "$PPID" >${gate}/pid; : >${gate}/reached; while [ ! -e ${gate}/open ]; do sleep 0.05; done`;
  const real = `PATH=$(printf %s "$PATH" | sed 's#${gate}/bin:##') ${tool} "$@"`;
  const others = tool === "scontrol" ? `[ "$1" = release ] || { ${real}; exit; }\n` : "";
  const text = `#!/bin/sh\n${others}${after ? `${real}; code=$?; ${wait}; exit $code` : `${wait}; ${real}`}\n`;
  await writeFiles(gate, { [`bin/${tool}`]: text });
  await chmod(`${gate}/bin/${tool}`, 0o755);
  const file = path.join(m.home, "clusters/testbed.yaml");
  const cluster = `executor: slurm\nssh_tunnel: { host: testbed, job_dir: ${jobDir}, pre_command: 'export PATH=${gate}/bin:$PATH' }\npartition: main\ndefault_timeout: 15m\n`;
  await writeFile(file, cluster);
  return {
    reached: () => eventually("the submission is at its moment", () => existsSync(`${gate}/reached`), 60_000),
    open: () => writeFile(`${gate}/open`, ""),
    /** Ends the script there, as a login node that goes down does; without the tool nothing goes on. */
    async kill() {
      const tree = `kill -STOP $(cat ${gate}/pid); pkill -KILL -P $(cat ${gate}/pid); kill -KILL $(cat ${gate}/pid)`;
      await testbed.asUser("sh", "-c", tree);
      await writeFile(`${gate}/open`, "");
    },
  };
}

/** The jobs that Slurm has of an experiment, whatever became of them but that they were taken back. */
async function jobsOf(experiment: string): Promise<readonly string[]> {
  const testbed = await sharedTestbed();
  const { stdout } = await testbed.asUser("squeue", "--me", "-h", "-t", "all", "-o", "%F %T %k");
  return stdout.split("\n").filter((line) => line.includes(` ${experiment}.`) && !line.includes(" CANCELLED "));
}

describe.skipIf(!support.available)("a submission whose client is killed", () => {
  test.each(moments)("$when goes on without it, and the next command knows the one job", async (moment) => {
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    const repo = await repositoryOf(m);
    const gate = await gateAt(moment, { m, jobDir });
    const client = m.start(
      repo,
      "run",
      "--cluster",
      "testbed",
      "--name",
      "cut",
      "--job",
      "train",
      "--",
      "sleep",
      "600",
    );
    await gate.reached();
    client.kill("SIGKILL");
    await finished(client);
    await gate.open();
    const [row] = await m.json<readonly { experiment: string }[]>(repo, "list");
    const experiment = row?.experiment ?? "";
    const status = await eventually("the job is known", async () => {
      const { stderr, stdout } = await m.slipway(repo, "status", experiment, "--json");
      return stderr === "" && JSON.parse(stdout);
    });
    expect(status).toMatchObject({ state: expect.stringMatching(/queued|running/), jobs: [{ name: "train" }] });
    expect(await jobsOf(experiment)).toHaveLength(1);
    expect(await m.slipway(repo, "cancel", experiment)).toMatchObject({ exitCode: 0 });
    expect((await m.slipway(repo, "wait", experiment)).exitCode).toBe(7);
  });

  test.each(moments)(
    "$when, and whose script is killed with it, is completed by choice, with one job",
    async (moment) => {
      const { m, jobDir } = await machineWithCluster();
      await using _machine = m;
      const repo = await repositoryOf(m);
      const gate = await gateAt(moment, { m, jobDir });
      const client = m.start(
        repo,
        "run",
        "--cluster",
        "testbed",
        "--name",
        "cut",
        "--job",
        "train",
        "--",
        "sleep",
        "600",
      );
      await gate.reached();
      client.kill("SIGKILL");
      await finished(client);
      await gate.kill();
      const [row] = await m.json<readonly { experiment: string }[]>(repo, "list");
      const experiment = row?.experiment ?? "";
      const { stderr } = await m.slipway(repo, "status", experiment);
      expect(stderr.includes(`slipway sync --complete ${experiment}`)).toBe(moment.when !== "after the release");
      expect(await m.slipway(repo, "sync", "--complete", experiment)).toMatchObject({
        exitCode: 0,
        stdout:
          moment.when === "after the release"
            ? `${experiment} was submitted whole\n`
            : `${experiment} submitted: train\n`,
      });
      expect(await m.slipway(repo, "status", experiment)).toMatchObject({ exitCode: 0, stderr: "" });
      expect(await jobsOf(experiment)).toHaveLength(1);
      await eventually("it runs", async () => (await jobsOf(experiment))[0]?.includes(" RUNNING "));
      expect(await m.slipway(repo, "cancel", experiment)).toMatchObject({ exitCode: 0, stderr: "" });
      expect((await m.slipway(repo, "wait", experiment)).exitCode).toBe(7);
    },
  );

  test.each(moments)(
    "$when, and whose script is killed with it, is taken back by choice, and nothing of it is left",
    async (moment) => {
      const { m, jobDir } = await machineWithCluster();
      await using _machine = m;
      const repo = await repositoryOf(m);
      const gate = await gateAt(moment, { m, jobDir });
      const client = m.start(
        repo,
        "run",
        "--cluster",
        "testbed",
        "--name",
        "cut",
        "--job",
        "train",
        "--",
        "sleep",
        "600",
      );
      await gate.reached();
      client.kill("SIGKILL");
      await finished(client);
      await gate.kill();
      const [row] = await m.json<readonly { experiment: string }[]>(repo, "list");
      const experiment = row?.experiment ?? "";
      expect(await m.slipway(repo, "cancel", experiment)).toMatchObject({ exitCode: 0, stderr: "" });
      expect(await m.slipway(repo, "wait", experiment)).toMatchObject({ exitCode: 7, stderr: "" });
      expect(await jobsOf(experiment)).toEqual([]);
    },
  );

  test("a client that loses the cluster's answer says so, keeps the record, and the next command explains", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    const repo = await repositoryOf(m);
    const gate = await gateAt(moments[1], { m, jobDir });
    const client = m.start(repo, "run", "--cluster", "testbed", "--name", "cut", "--", "sleep", "600");
    const end = finished(client);
    await gate.reached();
    await gate.kill();
    const { exitCode, stderr } = await end;
    const [row] = await m.json<readonly { experiment: string }[]>(repo, "list");
    const experiment = row?.experiment ?? "";
    expect(exitCode).toBe(4);
    expect(stderr).toContain(`note: nobody can tell yet whether ${experiment} was submitted`);
    expect((await m.slipway(repo, "status", experiment)).stderr).toContain(`slipway sync --complete ${experiment}`);
    expect(await m.slipway(repo, "cancel", experiment)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await jobsOf(experiment)).toEqual([]);
  });

  test("a graph that was half submitted is completed as the whole that was planned", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
      files: {
        "exp.yaml": [
          "name: graph",
          "cluster: testbed",
          "jobs:",
          "  a: { run: echo a, secrets: [KEY] }",
          "  b: { run: echo b, needs: a }",
          "  c: { run: echo c, needs: b }",
          "",
        ].join("\n"),
      },
    });
    m.env["KEY"] = "s3cret";
    const gate = await gateAt(moments[1], { m, jobDir });
    const client = m.start(repo, "run", "exp.yaml");
    await gate.reached();
    client.kill("SIGKILL");
    await finished(client);
    await gate.kill();
    const [row] = await m.json<readonly { experiment: string }[]>(repo, "list");
    const experiment = row?.experiment ?? "";
    delete m.env["KEY"];
    expect(await m.slipway(repo, "sync", "--complete", experiment)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("KEY is not set here"),
    });
    m.env["KEY"] = "s3cret";
    expect(await m.slipway(repo, "sync", "--complete", experiment)).toMatchObject({
      exitCode: 0,
      stdout: `${experiment} submitted: a, b, c\n`,
    });
    expect((await m.slipway(repo, "wait", experiment)).exitCode).toBe(0);
    expect((await jobsOf(experiment)).length).toBe(3);
  });
});
