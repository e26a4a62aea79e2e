import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

import { eventually, gitRepository } from "@slipway/testing";
import { sharedTestbed, testbedSupport } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";
import type { Result } from "./slipway.ts";

const support = await testbedSupport();

describe.skipIf(!support.available)("a secret's value", () => {
  test("is in the job's environment and in its 0600 file, and nowhere else: not while jobs run, end, fail, are cancelled or are refused", async () => {
    const testbed = await sharedTestbed();
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    const value = `s3cret${randomBytes(12).toString("hex")}`;
    m.env["API_KEY"] = value;
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
    const printed: Result[] = [];
    const slipway = async (...words: readonly string[]) => {
      const result = await m.slipway(repo, ...words);
      printed.push(result);
      return result;
    };
    const run = (name: string, ...words: readonly string[]) =>
      slipway("run", "--verbose", "--cluster", "testbed", "--secret", "API_KEY", "--name", name, ...words);

    /** What Slurm tells of all jobs that it knows. */
    const askSlurm = async () => {
      const { stdout } = await testbed.slurm("squeue", "-h", "-t", "all", "-o", "%A", "-u", testbed.ssh.user);
      const ids = stdout.split("\n").filter(Boolean);
      return Promise.all([
        testbed.slurm("scontrol", "show", "job", "-dd"),
        testbed.slurm("sacct", "--allusers", "--format=ALL", "-P"),
        ...ids.map((id) => testbed.slurm("scontrol", "write", "batch_script", id, "-")),
      ]);
    };

    await using watch = watchProcesses(value);
    const wanted = `[ "\${#API_KEY}" = ${value.length} ]`;
    expect((await run("good", "--follow", "--", "sh", "-c", `${wanted} && sleep 1`)).exitCode).toBe(0);
    expect((await run("bad", "--follow", "--", "sh", "-c", `sleep 1; ${wanted} && exit 3`)).exitCode).toBe(1);
    expect((await run("long", "--", "sleep", "300")).exitCode).toBe(0);
    await eventually("the job to run", async () => (await m.json<Status>(repo, "status", "long")).state === "running");
    const said = await askSlurm();
    expect(said.filter(({ stdout }) => stdout.includes("long-"))).not.toEqual([]);
    expect((await slipway("cancel", "long")).exitCode).toBe(0);
    expect((await slipway("wait", "long")).exitCode).toBe(7);
    said.push(...(await askSlurm()));
    expect((await run("refused", "--partition", "nowhere", "--", "true")).exitCode).toBe(4);
    expect((await run("dry", "--dry-run", "--", "true")).exitCode).toBe(0);
    for (const name of ["good", "bad", "long"]) {
      for (const command of ["show", "status", "logs", "sbatch"]) await slipway(command, name);
      await slipway("show", name, "--json");
      await slipway("status", name, "--why");
    }
    expect(watch.seen()).toEqual({ rounds: expect.toSatisfy((rounds) => rounds > 10), holders: [] });

    expect(JSON.stringify([...said, printed])).not.toContain(value);

    const holders = await filesWith(value, [testbed.directory, m.folder]);
    const runDirs = (await readdir(`${jobDir}/runs`)).map((id) => `${jobDir}/runs/${id}/${id.replace(/-[^-]*$/, "")}`);
    expect(holders).toEqual(runDirs.map((folder) => `${folder}/secrets`).toSorted());
    const modes = await Promise.all(holders.map(async (file) => (await stat(file)).mode & 0o777));
    expect(modes).toEqual([0o600, 0o600, 0o600]);
  });
});

interface Status {
  readonly state: string;
}

/** grep(1), because a database has large files. */
async function filesWith(value: string, folders: readonly string[]): Promise<readonly string[]> {
  const argv = ["--recursive", "--files-with-matches", "--text", "--fixed-strings", "--no-messages", "-e", value];
  const { stdout } = await promisify(execFile)("grep", [...argv, ...folders]).catch(
    (error: { stdout: string }) => error,
  );
  return stdout.split("\n").filter(Boolean).toSorted();
}

/** Looks again and again at all processes' arguments, and at the environments of Slurm's and SSH's. */
function watchProcesses(value: string) {
  const holders = new Set<string>();
  let rounds = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
      for (const pid of pids) {
        const [name, words] = await Promise.all([read(pid, "comm"), read(pid, "cmdline")]);
        if (words.includes(value)) holders.add(`arguments of ${name}`);
        const isTheirs = /^(slurm|sbatch|srun|squeue|sacct|scontrol|scancel|sshd|munged)/.test(name);
        if (isTheirs && (await read(pid, "environ")).includes(value)) holders.add(`environment of ${name}`);
      }
      rounds += 1;
      await pause(20);
    }
  })();
  return {
    seen: () => ({ rounds, holders: [...holders] }),
    async [Symbol.asyncDispose]() {
      isOver = true;
      await watching;
    },
  };
}

/** Empty for a process that is gone. */
function read(pid: string, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, "latin1").catch(() => "");
}
