import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import type { Transport } from "@slipway/core";
import { eventually, temporaryDirectory, writeFiles } from "@slipway/testing";

const run = promisify(execFile);
const sshdPath = "/usr/sbin/sshd";

/** Whether there is a real sshd to test with; installs Debian's where that is possible, without starting its service. */
export const hasSshd = await ensurePackages({ "openssh-server": sshdPath });

export async function ensurePackages(pathByPackage: Readonly<Record<string, string>>): Promise<boolean> {
  const missing = Object.keys(pathByPackage).filter((name) => !existsSync(pathByPackage[name] ?? ""));
  if (missing.length === 0) return true;
  if (process.getuid?.() === 0 && existsSync("/etc/debian_version")) await install(missing).catch(() => {});
  const absent = missing.filter((name) => !existsSync(pathByPackage[name] ?? ""));
  if (absent.length > 0) process.stderr.write(`\nSKIPPED: tests that need ${absent.join(", ")}\n\n`);
  return absent.length === 0;
}

async function install(packages: readonly string[]): Promise<void> {
  const policy = "/usr/sbin/policy-rc.d";
  const isOurs = !existsSync(policy);
  if (isOurs) await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    await run("apt-get", ["update"], { env });
    await run("apt-get", ["install", "-y", "--no-install-recommends", ...packages], { env, maxBuffer: 1 << 26 });
  } finally {
    if (isOurs) await rm(policy);
  }
}

export interface TestServerOptions {
  /** In place of the user's login shell; its startup files are read below the server's own home folder. */
  readonly loginShell?: string | undefined;
  readonly startupFiles?: Readonly<Record<string, string>> | undefined;
  /** Lines for sshd_config. */
  readonly config?: readonly string[] | undefined;
  /** Lines for the client's section of ssh_config. */
  readonly clientConfig?: readonly string[] | undefined;
  readonly hostKeyTypes?: readonly string[] | undefined;
}

export interface TestServer extends AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly user: string;
  readonly pid: number;
  /** An ssh_config in which `testhost` is this server. */
  readonly configFile: string;
  readonly knownHosts: string;
  readonly identity: string;
  readonly env: Readonly<Record<string, string>>;
  readonly controlDirectory: string;
  readonly log: () => Promise<string>;
  /** The options that reach it. */
  readonly options: {
    readonly env: Readonly<Record<string, string>>;
    readonly home: string;
    readonly configFile: string;
    readonly controlDirectory: string;
  };
}

/** A real sshd on loopback, with host keys of its own, for the user that runs the tests. */
export async function openTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { loginShell = "/bin/sh", startupFiles = {}, hostKeyTypes = ["ed25519"] } = options;
  const directory = await temporaryDirectory("sw-");
  const folder = directory.path;
  const file = (name: string) => path.join(folder, name);
  const user = userInfo().username;
  const port = await freePort();
  await mkdir(file("home/.ssh"), { recursive: true, mode: 0o700 });
  await writeFiles(file("home"), startupFiles);
  await keygen(file("id"), "ed25519");
  for (const type of hostKeyTypes) await keygen(file(`host_${type}`), type);
  await writeFile(file("authorized_keys"), await readFile(file("id.pub")));
  const shell = `exec env HOME=${file("home")} ${loginShell} -c "$SSH_ORIGINAL_COMMAND"`;
  await writeFile(file("login"), `#!/bin/sh\n${shell}\n`);
  await chmod(file("login"), 0o755);
  await writeFiles(folder, {
    known_hosts: await knownHostsOf(
      hostKeyTypes.map((type) => file(`host_${type}`)),
      port,
    ),
    sshd_config: lines([
      ...(options.config ?? []),
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      ...hostKeyTypes.map((type) => `HostKey ${file(`host_${type}`)}`),
      "PidFile none",
      `AuthorizedKeysFile ${file("authorized_keys")}`,
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin yes",
      "PrintMotd no",
      "MaxStartups 100",
      "SetEnv SHLVL=9", // Or the bash of whoever runs the tests reads their .bashrc for each command.
      `ForceCommand ${file("login")}`,
    ]),
    ssh_config: lines([
      "Host testhost",
      "  HostName 127.0.0.1",
      `  Port ${port}`,
      ...(options.clientConfig ?? []).map((line) => `  ${line}`),
      "Host *",
      `  User ${user}`,
      `  IdentityFile ${file("id")}`,
      "  IdentitiesOnly yes",
      "  IdentityAgent none",
      `  UserKnownHostsFile ${file("known_hosts")}`,
      "  GlobalKnownHostsFile /dev/null",
    ]),
  });
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const server = spawn(sshdPath, ["-D", "-E", file("log"), "-f", file("sshd_config")], { stdio: "ignore" });
  const exited = new Promise((resolve) => server.once("exit", resolve));
  const log = () => readFile(file("log"), "utf8").catch(() => "");
  await eventually("sshd to listen", async () => {
    if (server.exitCode !== null) throw new Error(`sshd did not start: ${await log()}`);
    return (await log()).includes("Server listening");
  });
  const env = { PATH: process.env["PATH"] ?? "", HOME: file("home"), USER: user };
  const controlDirectory = file("ctl");
  return {
    folder,
    port,
    user,
    pid: server.pid ?? 0,
    configFile: file("ssh_config"),
    knownHosts: file("known_hosts"),
    identity: file("id"),
    env,
    controlDirectory,
    log,
    options: { env, home: file("home"), configFile: file("ssh_config"), controlDirectory },
    async [Symbol.asyncDispose]() {
      server.kill("SIGTERM");
      await exited;
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Ends the process of sshd that serves a transport, as a crash would, and waits until the loss has arrived. */
export async function killSession(transport: Transport): Promise<void> {
  let group = "";
  const onStdout = (bytes: Uint8Array) => {
    group += Buffer.from(bytes).toString();
    if (group.endsWith("\n")) process.kill(Number(group), "SIGKILL");
  };
  // The leader of the command's group is a child of sshd's process for this connection.
  const script = "p=$(ps -o pgid= -p $$ | tr -d ' '); ps -o ppid= -p $p; exec sleep 1000";
  await transport.exec(["sh", "-c", script], { onStdout }).catch(() => {});
}

export async function keygen(file: string, type: string, options: readonly string[] = []): Promise<void> {
  const bits = type === "rsa" ? ["-b", "2048"] : []; // The smallest that is accepted is made soonest.
  await run("ssh-keygen", ["-q", "-t", type, ...bits, "-N", "", "-C", "test", ...options, "-f", file]);
}

async function knownHostsOf(hostKeys: readonly string[], port: number): Promise<string> {
  const keys = await Promise.all(hostKeys.map((file) => readFile(`${file}.pub`, "utf8")));
  return lines(keys.map((key) => `[127.0.0.1]:${port} ${key.trim()}`));
}

function lines(texts: readonly string[]): string {
  return `${texts.join("\n")}\n`;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("A TCP server has no port");
  return address.port;
}
