import { spawn } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

import { eventually, temporaryDirectory } from "@slipway/testing";
import { openTestbedShare, sharedTestbed, startTestbed, testbedSupport } from "@slipway/testing/testbed";
import type { CommandResult, Testbed, TestbedAddress, TestbedCommands } from "@slipway/testing/testbed";
import { beforeAll, describe, expect, test } from "vitest";

import { createDaemons, PortTakenError } from "../src/testbed/daemons.ts";
import { listensOn } from "../src/testbed/process.ts";
import { readBootId, removeRecord } from "../src/testbed/record.ts";
import { ownIdentity } from "../src/testbed/start.ts";

const support = await testbedSupport();
if (!support.available) process.stderr.write(`Tests on a Slurm testbed are skipped: ${support.why}\n`);

describe.skipIf(!support.available)("the testbed of the test run", () => {
  test("runs a job that an unprivileged user submits through ssh, and keeps an account of it", async () => {
    const testbed = await sharedTestbed();
    const submitted = await overSsh(testbed, `sbatch --parsable --output=out --wrap 'id -un; echo $SLURM_JOB_ID'`);
    expect(submitted).toEqual({ stdout: expect.stringMatching(/^\d+\n$/), stderr: "", exitCode: 0 });
    const id = submitted.stdout.trim();
    await eventually("the row in the accounting", async () => {
      const { stdout } = await testbed.asUser("sacct", "-X", "-P", "-n", "-j", id, "-o", "JobID,State,ExitCode,User");
      return stdout === `${id}|COMPLETED|0:0|${testbed.ssh.user}\n`;
    });
    expect(await overSsh(testbed, "cat out")).toEqual({
      stdout: `${testbed.ssh.user}\n${id}\n`,
      stderr: "",
      exitCode: 0,
    });
  });

  test("has four nodes, and partitions for everyday's jobs, for short ones and for urgent ones", async () => {
    const testbed = await sharedTestbed();
    expect((await testbed.slurm("sinfo", "-h", "-o", "%P %l %D")).stdout).toBe(
      "main* infinite 4\nshort 1:00 4\nurgent infinite 4\n",
    );
  });

  test("ends a job that uses more memory than it asked for", async (context) => {
    const testbed = await sharedTestbed();
    if (!testbed.limitsMemory) context.skip("this machine has no cgroups of version 1");
    const hungry = "head -c 300M /dev/zero | tail";
    const id = await submit(testbed, "--mem=50M", "--wrap", hungry);
    await eventually("the job's end", async () => !/^(PENDING|RUNNING|COMPLETING)/.test(await stateOf(testbed, id)));
    expect(await stateOf(testbed, id)).toBe("OUT_OF_MEMORY OutOfMemory");
  });

  test("is the same for all processes that share it, and ends with the share", async () => {
    const share = await openTestbedShare();
    const script = `const { directory, ssh } = await sharedTestbed(); console.log(JSON.stringify({ directory, ssh })); process.exit();`;
    const [first, second] = await Promise.all([startScript(script, share.env), startScript(script, share.env)]);
    expect(first.address).toEqual(second.address);
    expect(first.address.directory).not.toBe((await sharedTestbed()).directory);
    expect(await processesOf(first.address.directory)).toHaveLength(10);
    await share[Symbol.asyncDispose]();
    expect(await leftOf(first.address)).toEqual(nothing);
  });
});

describe.skipIf(!support.available)("faults of a testbed of one's own", () => {
  let testbed: Testbed;
  beforeAll(async () => {
    testbed = await startTestbed({ nodes: 2 });
    return () => testbed[Symbol.asyncDispose]();
  });

  test("a stopped controller answers nobody, and knows its jobs when it is back", async () => {
    const id = await submit(testbed, "--wrap", "sleep 1000");
    await eventually("running", async () => (await stateOf(testbed, id)) === "RUNNING None");
    await testbed.stopController();
    expect((await testbed.slurm("scontrol", "ping")).exitCode).toBe(1);
    await testbed.startController();
    expect(await stateOf(testbed, id)).toBe("RUNNING None");
    const next = await submit(testbed, "--wrap", "true");
    await eventually("the next job to run", async () => (await stateOf(testbed, next)) === "COMPLETED None");
    await testbed.slurm("scancel", id);
  });

  test("a paused controller lets everybody wait until it goes on", async () => {
    await testbed.pauseController();
    const asked = testbed.slurm("squeue", "-h", "-t", "PD");
    expect((await testbed.slurm("timeout", "0.5", "squeue")).exitCode).toBe(124);
    await testbed.resumeController();
    expect(await asked).toEqual({ stdout: "", stderr: "", exitCode: 0 });
  });

  test("without the accounting sacct fails, and squeue does not", async () => {
    await testbed.stopAccounting();
    expect((await testbed.slurm("sacct")).stderr).toContain("Connection refused");
    expect((await testbed.slurm("squeue", "-h", "-t", "PD")).exitCode).toBe(0);
    await testbed.startAccounting();
    expect(await testbed.slurm("sacct", "-n", "-j", "4000")).toEqual({ stdout: "", stderr: "", exitCode: 0 });
  });

  test("without munge nobody is let in", async () => {
    await testbed.stopMunge();
    expect((await testbed.slurm("squeue")).stderr).toContain("Protocol authentication error");
    await testbed.startMunge();
    expect((await testbed.slurm("squeue")).exitCode).toBe(0);
  });

  test("a killed node takes its jobs with it; the one that may be requeued runs again elsewhere", async () => {
    const script = "echo $SLURMD_NODENAME $SLURM_RESTART_COUNT >> $SLURM_JOB_NAME; exec sleep 1000";
    const kept = await submit(testbed, "-J", "kept", "--requeue", "-w", "n2", "--wrap", script);
    const lost = await submit(testbed, "-J", "lost", "--no-requeue", "-w", "n2", "--wrap", script);
    for (const id of [kept, lost]) {
      await eventually("running", async () => (await stateOf(testbed, id)) === "RUNNING None");
    }
    await eventually("both to sleep", async () => (await sleepers(testbed)).length === 2);
    await testbed.killNode("n2");
    expect(await sleepers(testbed)).toEqual([]);
    // An administrator's word, so that nobody has to wait for the controller to miss the node: half a minute.
    await testbed.slurm("scontrol", "update", "NodeName=n2", "State=DOWN", "Reason=gone");
    await eventually("the loss to be told", async () => (await stateOf(testbed, lost)) === "NODE_FAIL NodeDown");
    await eventually("the requeue", async () => (await stateOf(testbed, kept)) === "PENDING BeginTime");
    await testbed.startNode("n2");
    await testbed.slurm("scontrol", "update", `JobId=${kept}`, "StartTime=now");
    await eventually("the second start", async () => (await stateOf(testbed, kept)) === "RUNNING None");
    await eventually("its output", async () => (await readFile(`${testbed.ssh.home}/kept`, "utf8")) === "n2\nn2 1\n");
    await testbed.slurm("scancel", kept);
  });

  test("an urgent job preempts those that are in its way, and they are requeued", async () => {
    const id = await submit(testbed, "-w", "n1", "-c", "16", "--wrap", "sleep 1000");
    await eventually("running", async () => (await stateOf(testbed, id)) === "RUNNING None");
    const urgent = await submit(testbed, "-p", "urgent", "-w", "n1", "--exclusive", "--wrap", "sleep 1000");
    await eventually("the urgent one", async () => (await stateOf(testbed, urgent)) === "RUNNING None");
    expect(await stateOf(testbed, id)).toBe("PENDING BeginTime");
    await testbed.slurm("scancel", id, urgent);
  });

  test("rejects a node that it has not, by its name", async () => {
    await expect(testbed.killNode("n3")).rejects.toThrow("No node n3: there are n1, n2");
    await expect(testbed.startNode("n3")).rejects.toThrow("No node n3: there are n1, n2");
  });

  test("a second testbed at the same time has users, jobs and an end of its own", async () => {
    const second = await startTestbed({ nodes: 1, accounting: false, clusterName: "second" });
    const id = await submit(second, "--wrap", "sleep 1000");
    await eventually("running", async () => (await stateOf(second, id)) === "RUNNING None");
    expect((await second.slurm("squeue", "-h", "-o", "%i %u %P")).stdout).toBe(`${id} ${second.ssh.user} main\n`);
    expect((await second.slurm("scontrol", "show", "config")).stdout).toMatch(/^ClusterName\s+= second$/m);
    await second[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
    expect(await leftOf(second)).toEqual(nothing);
    expect((await testbed.slurm("scontrol", "ping")).stdout).toContain(" is UP");
  });
});

describe.skipIf(!support.available)("starting a testbed", () => {
  test("removes what a killed starter left", async () => {
    const script = `const { directory, ssh } = await startTestbed({ nodes: 1, accounting: false }); console.log(JSON.stringify({ directory, ssh })); setInterval(() => {}, 1000);`;
    const starter = await startScript(script);
    starter.kill();
    await eventually("the starter's end", () => starter.hasEnded());
    expect((await processesOf(starter.address.directory)).length).toBeGreaterThan(0);
    await using _testbed = await startTestbed({ nodes: 1, accounting: false });
    expect(await leftOf(starter.address)).toEqual(nothing);
  });

  test("with two factors, sshd asks for a code after the key", async () => {
    await using testbed = await startTestbed({ nodes: 1, accounting: false, twoFactor: true });
    expect((await overSsh(testbed, "true")).stderr).toContain("Permission denied (keyboard-interactive)");
    expect(await overSsh(testbed, "true", "000000")).toMatchObject({ stdout: "", exitCode: 255 });
    const { verificationCode } = testbed.ssh;
    expect(await overSsh(testbed, "sinfo -h -p main -o %D", verificationCode)).toMatchObject({
      stdout: "1\n",
      exitCode: 0,
    });
    expect(await readFile("/etc/pam.d/sshd", "utf8")).not.toContain(testbed.directory);
  });

  test("leaves nothing when it is aborted, and rejects with the signal's reason", async () => {
    const abort = new AbortController();
    const reason = new Error("no more");
    let directory = "";
    const started = startTestbed({
      signal: abort.signal,
      onEvent(event) {
        if (event.type !== "testing.started") return;
        directory = event.directory;
        abort.abort(reason);
      },
    });
    await expect(started).rejects.toBe(reason);
    expect(await tracesOf(directory)).toEqual({ processes: [], mounts: [], folders: [] });
    await expect(startTestbed({ signal: abort.signal })).rejects.toBe(reason);
  });

  test("tells apart that somebody else has a daemon's port, and does not take that for the daemon", async () => {
    await using somebody = await listener();
    await using folder = await temporaryDirectory("slipway-testbed-");
    const [owner, bootId] = await Promise.all([ownIdentity(), readBootId()]);
    const facts = {
      version: 1,
      directory: folder.path,
      bootId,
      owner,
      userName: "nobody-here",
      nodes: [],
    } as const;
    const daemons = createDaemons({ ...facts, processes: [] }, { logs: folder.path });
    const script = `require("node:net").createServer().listen(${somebody.port}, "127.0.0.1")`;
    const daemon = {
      name: "daemon",
      argv: [process.execPath, "-e", script],
      isReady: (pid: number) => listensOn(pid, somebody.port),
    };
    await expect(daemons.start(daemon)).rejects.toThrow(PortTakenError);
    await removeRecord(daemons.record());
  });

  test("refuses a cluster's name or numbers that Slurm would not take", async () => {
    await expect(startTestbed({ clusterName: "two words" })).rejects.toThrow('Not a cluster\'s name: "two words"');
    await expect(startTestbed({ nodes: 0 })).rejects.toThrow("A testbed has 1 to 64 nodes, not 0");
    await expect(startTestbed({ cpusPerNode: 1.5 })).rejects.toThrow("A testbed's node has 1 to 64 CPUs, not 1.5");
  });

  test("is not supported for others than root, and says so", async () => {
    const script = `process.setuid(65534); console.log(JSON.stringify(await testbedSupport())); process.exit();`;
    expect((await startScript(script)).address).toEqual({ available: false, why: "it needs root" });
  });
});

type Traces = Pick<TestbedAddress, "directory"> & { readonly ssh: { readonly user: string; readonly uid: number } };

async function listener(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("It has no port");
  return {
    port: address.port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const nothing = { processes: [], users: [], mounts: [], folders: [], groups: [] };

/** What of a testbed is on this machine. */
async function leftOf({ directory, ssh }: Traces) {
  return {
    ...(await tracesOf(directory)),
    users: await linesWith(ssh.user, "/etc/passwd"),
    // A node's namesake in another testbed has the same group; the user's is its own.
    groups: await memoryGroups(`uid_${ssh.uid}`),
  };
}

async function tracesOf(directory: string) {
  const parent = path.dirname(directory);
  const names = [...(await readdir(parent)), ...(await readdir(path.join(parent, "slipway-testbeds")))];
  return {
    processes: await processesOf(directory),
    mounts: await linesWith(directory, "/proc/self/mounts"),
    folders: names.filter((name) => name.startsWith(path.basename(directory))),
  };
}

async function linesWith(text: string, file: string): Promise<readonly string[]> {
  return (await readFile(file, "utf8")).split("\n").filter((line) => line.includes(text));
}

async function memoryGroups(name: string): Promise<readonly string[]> {
  const memory = "/sys/fs/cgroup/memory";
  const nodes = (await readdir(memory).catch(() => [])).filter((group) => /^slurm_n\d+$/.test(group));
  const names = await Promise.all(nodes.map((group) => readdir(path.join(memory, group)).catch(() => [])));
  return names.flat().filter((found) => found === name);
}

/** Command lines of the processes that name the folder there or in their environment. */
async function processesOf(directory: string): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = (name: string) => readFile(`/proc/${pid}/${name}`, "latin1").catch(() => "");
      const [command, environment] = await Promise.all([read("cmdline"), read("environ")]);
      return `${command}${environment}`.includes(directory) ? [command.replaceAll("\0", " ")] : [];
    }),
  );
  return found.flat();
}

async function sleepers(testbed: TestbedAddress): Promise<readonly string[]> {
  return (await processesOf(testbed.directory)).filter((command) => command.startsWith("sleep "));
}

async function submit(testbed: TestbedCommands, ...options: readonly string[]): Promise<string> {
  const { stdout, stderr } = await testbed.asUser("sbatch", "--parsable", ...options);
  expect(stderr).toBe("");
  return stdout.trim();
}

async function stateOf(testbed: TestbedCommands, id: string): Promise<string> {
  return (await testbed.asUser("squeue", "-h", "-t", "all", "-j", id, "-o", "%T %r")).stdout.trim();
}

/** With the system's ssh, and nothing of this user's configuration. */
async function overSsh(
  testbed: TestbedAddress & TestbedCommands,
  command: string,
  code?: string,
): Promise<CommandResult> {
  const { host, identityFile, knownHostsFile, port, user } = testbed.ssh;
  const options = ["-F", "none", "-p", String(port), "-i", identityFile, "-o", `UserKnownHostsFile=${knownHostsFile}`];
  const ssh = ["ssh", ...options, "-o", "NumberOfPasswordPrompts=1", `${user}@${host}`, command];
  if (code === undefined) return testbed.slurm(...ssh);
  const askpass = 'printf "#!/bin/sh\\necho $1\\n" > "$2/askpass" && chmod 755 "$2/askpass" && shift 2 && exec "$@"';
  const env = [`SSH_ASKPASS=${testbed.directory}/askpass`, "SSH_ASKPASS_REQUIRE=force"];
  return testbed.slurm("sh", "-c", askpass, "sh", code, testbed.directory, "env", ...env, ...ssh);
}

/** A process of its own that uses what was built, and prints one line of JSON. */
async function startScript(script: string, env: Readonly<Record<string, string>> = {}) {
  const entry = path.resolve(import.meta.dirname, "../dist/testbed.js");
  const imports = `import { sharedTestbed, startTestbed, testbedSupport } from ${JSON.stringify(entry)};`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", `${imports}${script}`], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], ...env },
  });
  for await (const line of createInterface(child.stdout)) {
    return {
      address: JSON.parse(line) as Traces,
      kill: () => child.kill("SIGKILL"),
      hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    };
  }
  throw new Error("The script ended without a word");
}
