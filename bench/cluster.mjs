// A private Slurm cluster for the bench, and what the figures are taken with: ssh's own commands, a transport that counts, tools that are counted.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { connectSsh } from "../packages/ssh/dist/index.js";
import { startTestbed, testbedSupport } from "../packages/testing/dist/testbed.js";
import { command } from "./pairs.mjs";

/** Undefined, with the reason printed, where none can be started. `await cluster.close()` ends it. */
export async function openCluster(work, { delayMs = 0 } = {}) {
  const support = await testbedSupport();
  if (!support.available) {
    console.log(`No Slurm cluster can be started here: ${support.why}\n`);
    return undefined;
  }
  const testbed = await startTestbed();
  const scratch = mkdtempSync(path.join(work, "slurm-"));
  const { ssh } = testbed;
  const tools = path.join(ssh.home, "counted");
  const calls = countTools(tools, ["squeue", "sacct"], ssh);
  const delay = delayMs > 0 ? await openDelay(scratch, ssh, delayMs) : undefined;
  const config = writeConfig(scratch, { ssh: { ...ssh, ...delay?.ssh }, jobDir: path.join(ssh.home, "slipway") });
  const { PATH } = process.env;
  const env = { PATH, HOME: scratch, SLIPWAY_HOME: path.join(scratch, "home"), SLIPWAY_SSH_CONFIG: config };
  const control = ["-S", path.join(scratch, "ctl")];
  execFileSync("ssh", ["-F", config, ...control, "-M", "-N", "-f", "-o", "ControlPersist=yes", "cluster"], {
    stdio: "ignore",
  });
  writeFileSync(path.join(ssh.home, "job.sh"), "#!/bin/sh\n#SBATCH --begin=now+1hour\n#SBATCH --time=5\ntrue\n");
  return {
    testbed,
    scratch,
    env,
    jobDir: path.join(ssh.home, "slipway"),
    /** A command there, in a process of ssh's: over an open connection, or from a cold start. */
    warm: (...words) => command("ssh", ["-F", config, ...control, "cluster", ...words], { env }),
    cold: (...words) => command("ssh", ["-F", config, "cluster", ...words], { env }),
    connect: async () =>
      counting(
        await connectSsh(
          { host: "cluster" },
          { env, configFile: config, transport: "ssh2", preCommand: `PATH=${tools}:$PATH` },
        ),
      ),
    /** How often each counted tool was called since the last time. */
    takeCalls: calls,
    forgetJobs: () => testbed.slurm("scancel", "-u", ssh.user),
    async close() {
      await testbed[Symbol.asyncDispose]();
      delay?.close();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** A way to the cluster on which every byte takes its time. */
async function openDelay(scratch, { port, knownHostsFile }, delayMs) {
  const proxy = spawn(process.execPath, [path.join(import.meta.dirname, "delay.mjs"), `${port}`, `${delayMs}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(proxy.stdout, "data");
  const delayed = Number(line.toString());
  const known = path.join(scratch, "known_hosts");
  writeFileSync(known, readFileSync(knownHostsFile, "utf8").replaceAll(`]:${port}`, `]:${delayed}`));
  return { ssh: { port: delayed, knownHostsFile: known }, close: () => proxy.kill() };
}

function writeConfig(scratch, { ssh, jobDir }) {
  const config = path.join(scratch, "ssh_config");
  const lines = [
    ["HostName", ssh.host],
    ["Port", ssh.port],
    ["User", ssh.user],
    ["IdentityFile", ssh.identityFile],
    ["UserKnownHostsFile", ssh.knownHostsFile],
  ].map(([key, value]) => `  ${key} ${value}\n`);
  writeFileSync(config, `Host cluster\n${lines.join("")}`);
  const clusters = path.join(scratch, "home", "clusters");
  mkdirSync(clusters, { recursive: true });
  const cluster = {
    executor: "slurm",
    ssh_tunnel: { host: "cluster", job_dir: jobDir },
    partition: "main",
    default_timeout: "5m",
    sbatch: { begin: "now+1hour" },
  };
  writeFileSync(path.join(clusters, "cluster.yaml"), JSON.stringify(cluster));
  return config;
}

/** Each call writes a line; then the real tool runs. */
function countTools(folder, names, { uid, gid }) {
  const log = path.join(folder, "calls");
  mkdirSync(folder);
  for (const name of names) {
    const real = execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
    writeFileSync(path.join(folder, name), `#!/bin/sh\necho ${name} >>${log}\nexec ${real} "$@"\n`);
    chmodSync(path.join(folder, name), 0o755);
  }
  writeFileSync(log, "");
  execFileSync("chown", ["-R", `${uid}:${gid}`, folder]);
  return () => {
    const called = readFileSync(log, "utf8").split("\n").filter(Boolean);
    writeFileSync(log, "");
    return Object.fromEntries(names.map((name) => [name, called.filter((each) => each === name).length]));
  };
}

/** Counts commands, the bytes that they send (arguments and input) and what they bring back. */
function counting(transport) {
  const counts = { commands: 0, sent: 0, received: 0 };
  return {
    host: transport.host,
    take() {
      const taken = { ...counts };
      Object.assign(counts, { commands: 0, sent: 0, received: 0 });
      return taken;
    },
    async exec(argv, options = {}) {
      counts.commands += 1;
      counts.sent += Buffer.byteLength(argv.join(" ")) + (options.stdin?.length ?? 0);
      const onStdout =
        options.onStdout &&
        ((bytes) => {
          counts.received += bytes.length;
          options.onStdout(bytes);
        });
      const result = await transport.exec(argv, { ...options, onStdout });
      counts.received += result.stdout.length;
      return result;
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
