import { execFile } from "node:child_process";
import { appendFile, chown, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { eventually, gitRepository } from "@slipway/testing";
import { startTestbed, testbedSupport } from "@slipway/testing/testbed";
import type { Testbed } from "@slipway/testing/testbed";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";
import type { Result } from "./slipway.ts";

const support = await testbedSupport();

describe.skipIf(!support.available)("on a cluster that is strict, or broken", () => {
  let testbed: Testbed;

  beforeAll(async () => {
    testbed = await startTestbed({ nodes: 2 });
    await beStrict(testbed);
  });
  afterAll(() => testbed[Symbol.asyncDispose]());

  async function openWorld() {
    const { m, jobDir } = await machineWithCluster(testbed);
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "of the commit\n" } });
    const clusterFile = path.join(m.home, "clusters/testbed.yaml");
    return {
      m,
      jobDir,
      slipway: (...words: readonly string[]) => m.slipway(repo, ...words),
      json: <T>(...words: readonly string[]) => m.json<T>(repo, ...words),
      run: (...words: readonly string[]) => m.slipway(repo, "run", "--cluster", "testbed", ...words),
      changeCluster: async (change: (text: string) => string) =>
        writeFile(clusterFile, change(await readFile(clusterFile, "utf8"))),
      [Symbol.asyncDispose]: () => m[Symbol.asyncDispose](),
    };
  }

  test.each([
    ["a partition that there is not", ["--partition", "nowhere"], /Invalid partition name/, /slipway nodes lists them/],
    ["an account that is not the user's", ["--account", "theirs"], /Invalid account/, /account/],
    ["a QOS that is not the user's", ["--qos", "gold"], /Invalid qos/, /qos|QOS/],
    ["more time than the partition gives", ["--partition", "short", "--time", "2h"], /time limit is invalid/, /time/],
    ["more memory than a node has", ["--mem", "900G"], /[Mm]emory/, /memory/],
    ["more nodes than there are", ["--nodes", "99"], /processors|Node count|not available/, /fewer/],
    ["GPUs where there are none", ["--gpus", "8"], /generic resource/, /disable_gpus_per_node/],
  ])(
    "%s is refused with Slurm's words and advice, exit code 4, and nothing stays behind",
    async (_what, options, said, advice) => {
      await using world = await openWorld();
      const refused = await world.run("--account", "ours", ...options, "--", "true");
      expect(refused).toMatchObject({ exitCode: 4, stdout: "" });
      expect(refused.stderr).toMatch(/^slipway: Slurm on testbed refused job true: /m);
      expect(refused.stderr).toMatch(said);
      expect(refused.stderr.split("→ ")[1]).toMatch(advice);
      expect(await world.json("list")).toEqual([]);
      expect(await readdir(path.join(world.jobDir, "runs")).catch(() => [])).toEqual([]);
      expect((await testbed.slurm("squeue", "-h")).stdout).toBe("");
    },
  );

  test.each([
    [
      "a job_dir that is not the user's",
      "/root/slipway",
      4,
      /Cannot write \/root\/slipway on testbed: .*Permission denied\n {2}→ Is the job_dir/,
    ],
    [
      "a job_dir that lies below a file",
      "/etc/passwd/slipway",
      4,
      /\/etc\/passwd\/slipway on testbed is in the way: .*\n {2}→ Move it away, or choose another job_dir/,
    ],
    [
      "a job_dir that is not absolute",
      "slipway",
      2,
      /testbed\.yaml:\d+:\d+: ssh_tunnel\.job_dir: expected an absolute path, got "slipway"/,
    ],
  ])("%s is told with what to do", async (_what, jobDir, exitCode, message) => {
    await using world = await openWorld();
    await world.changeCluster((text) => text.replace(world.jobDir, jobDir));
    const run = await world.run("--account", "ours", "--", "true");
    expect(run).toMatchObject({ exitCode, stdout: "", stderr: expect.stringMatching(message) });
    expectNoStack(run);
    expect(await world.json("list")).toEqual([]);
  });

  test("a full disk there is told, and the same run goes through when there is space", async () => {
    await using world = await openWorld();
    await using disk = await smallDisk(world.jobDir, testbed);
    await writeFile(path.join(world.jobDir, "ballast"), Buffer.alloc(1 << 20)).catch(() => {}); // Until it is full.
    const run = await world.run("--account", "ours", "--", "true");
    expect(run).toMatchObject({ exitCode: 4, stderr: expect.stringMatching(/[Nn]o space left[^]*→ .*(space|inodes)/) });
    expectNoStack(run);
    await disk.free();
    expect((await world.run("--account", "ours", "--wait", "--", "true")).exitCode).toBe(0);
  });

  test("a wrong key of the cluster's file is told with its place and the nearest right one", async () => {
    await using world = await openWorld();
    await world.changeCluster((text) => text.replace("partition:", "partitoin:"));
    expect(await world.run("--", "true")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/testbed\.yaml:3:1: partitoin: unknown key; did you mean partition\?/),
    });
  });

  test("init writes what was said all the same, marks what is wrong, and does not send the user on", async () => {
    await using world = await openWorld();
    const init = await world.slipway(
      "init",
      "other",
      "--host",
      "testbed",
      "--job-dir",
      "/root/x",
      "--partition",
      "nope",
    );
    expect(init.exitCode).toBe(4);
    expect(init.stdout).toMatch(/✗ job_dir +\/root\/x is not writable\n +→ /);
    expect(init.stdout).toMatch(/✗ partition +there is no nope\n +→ Partitions are: main, short, urgent\n/);
    expect(init.stdout).toMatch(
      /Wrote cluster_configs\/other\.yaml; mend what is marked, .*: slipway doctor --cluster other\n$/,
    );
  });

  test("a host whose name nobody knows is told, with exit code 3", async () => {
    await using world = await openWorld();
    await world.changeCluster((text) => text.replace("host: testbed", "host: nohost.invalid"));
    const run = await world.run("--", "true");
    expect(run).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/nohost\.invalid[^]*→ /) });
    expectNoStack(run);
  });

  test("what login shells print is not taken for an answer or a log", async () => {
    await using world = await openWorld();
    const noise =
      "echo 'Welcome to the cluster: job 12345 JOB 0 7'; echo 'a warning' >&2; printf '\\033[31mred\\033[0m'\n";
    for (const name of [".bashrc", ".bash_profile"]) await writeFile(path.join(testbed.ssh.home, name), noise);
    const run = await world.run("--account", "ours", "--follow", "--", "cat", "a");
    expect(run).toMatchObject({ exitCode: 0, stdout: "of the commit\n" });
    for (const name of [".bashrc", ".bash_profile"]) await writeFile(path.join(testbed.ssh.home, name), "");
  });

  test("without the controller nothing is lost: it is told, states rest on evidence, and the same works when it is back", async () => {
    await using world = await openWorld();
    expect((await world.run("--account", "ours", "--name", "before", "--wait", "--", "true")).exitCode).toBe(0);
    expect((await world.run("--account", "ours", "--name", "during", "--", "sleep", "600")).exitCode).toBe(0);
    await eventually("the job to run", async () => (await world.json<Status>("status", "during")).state === "running");
    await testbed.stopController();
    // Each takes its time to learn that nobody answers.
    const [run, cancel, doctor, nodes, before, during] = await Promise.all([
      world.run("--account", "ours", "--", "true"),
      world.slipway("cancel", "during"),
      world.slipway("doctor", "--cluster", "testbed"),
      world.slipway("nodes", "--cluster", "testbed"),
      world.json<Status>("status", "before"),
      world.json<Status>("status", "during"),
    ]);
    const doesNotAnswer = expect.stringMatching(/^slipway: Slurm on testbed does not answer[^]*→ /m);
    expect(run).toMatchObject({ exitCode: 3, stdout: "", stderr: doesNotAnswer });
    expect(run.stderr).toContain("→ Nothing is lost");
    expect(cancel).toMatchObject({ exitCode: 3, stderr: doesNotAnswer });
    expect(nodes).toMatchObject({ exitCode: 3, stderr: doesNotAnswer });
    expect(doctor).toMatchObject({ exitCode: 4, stdout: expect.stringMatching(/✗ controller +down\n +→ /) });
    for (const result of [run, cancel, nodes, doctor]) expectNoStack(result);
    expect(before.state).toBe("succeeded");
    expect(during.state).toMatch(/^(running|unknown)$/);
    await testbed.startController();
    expect((await world.slipway("cancel", "during")).exitCode).toBe(0);
    expect((await world.slipway("wait", "during")).exitCode).toBe(7);
    expect((await world.run("--account", "ours", "--wait", "--", "true")).exitCode).toBe(0);
  });

  test("without accounting's daemon jobs are submitted, followed and told as ever", async () => {
    await using world = await openWorld();
    await testbed.stopAccounting();
    const run = await world.run("--account", "ours", "--name", "dark", "--follow", "--", "sh", "-c", "cat a; exit 3");
    expect(run).toMatchObject({ exitCode: 1, stdout: "of the commit\n" });
    expect(await world.json<Status>("status", "dark")).toMatchObject({ state: "failed", jobs: [{ exitCode: 3 }] });
    await testbed.startAccounting();
  });

  test("without munge it is told whose fault it is, and nothing is lost", async () => {
    await using world = await openWorld();
    await testbed.stopMunge();
    const run = await world.run("--account", "ours", "--", "true");
    expect(run).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/→ .*munge.* does not work there/) });
    expectNoStack(run);
    await testbed.startMunge();
    await eventually(
      "Slurm to answer again",
      async () => (await world.run("--account", "ours", "--wait", "--", "true")).exitCode === 0,
    );
  });
});

interface Status {
  readonly state: string;
}

function expectNoStack({ stderr }: Result): void {
  expect(stderr).not.toMatch(/^\s+at |internal error|undefined|\[object/m);
}

/** Refuses what cannot run, and takes only jobs of the account `ours`, as many sites do. */
async function beStrict(testbed: Testbed): Promise<void> {
  const add = async (...words: readonly string[]) => {
    const { exitCode, stdout, stderr } = await testbed.slurm("sacctmgr", "-i", "add", ...words);
    if (exitCode !== 0) throw new Error(stdout + stderr);
  };
  await add("account", "ours");
  await add("user", testbed.ssh.user, "account=ours");
  await appendFile(
    testbed.slurmConf,
    "EnforcePartLimits=ALL\nMaxMemPerNode=250000\nAccountingStorageEnforce=associations,limits,qos\n",
  );
  await testbed.stopController();
  await testbed.startController();
  await eventually(
    "the nodes to be back",
    async () => (await testbed.slurm("sinfo", "-h", "-t", "idle", "-o", "%D")).stdout.trim() === "2",
  );
}

/** A file system of half a megabyte, of the testbed's user. */
async function smallDisk(folder: string, { ssh }: Testbed) {
  const run = promisify(execFile);
  await mkdir(folder);
  await run("mount", ["-t", "tmpfs", "-o", `size=512k,uid=${ssh.uid},gid=${ssh.gid},mode=755`, "tmpfs", folder]);
  await chown(folder, ssh.uid, ssh.gid);
  return {
    /** Makes it larger. */
    free: () => run("mount", ["-o", "remount,size=64m", folder]),
    [Symbol.asyncDispose]: async () => void (await run("umount", ["--lazy", folder])),
  };
}
