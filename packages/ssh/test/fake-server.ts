import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { temporaryDirectory } from "@slipway/testing";
import ssh2 from "ssh2";
import type { AuthContext, Connection } from "ssh2";

import type { SshOptions } from "../src/index.ts";
import { keygen } from "./sshd.ts";

export interface FakeServerOptions {
  /** In place of a key. */
  readonly password?: string;
  /** After the key. */
  readonly secondFactor?: string;
  readonly prompt?: string;
  /** Commands at once on a connection. */
  readonly maxSessions?: number;
}

export interface FakeServer extends AsyncDisposable {
  readonly user: string;
  readonly identity: string;
  readonly options: SshOptions;
  /** How many have been made. */
  readonly connections: () => number;
  readonly mostSessions: () => number;
  /** How many have been made, on all connections. */
  readonly sessions: () => number;
  /** As a network does: without a word. */
  readonly dropConnections: () => void;
}

/** An SSH server in this process, for what a real sshd cannot be made to do without a password file or a real loss. */
export async function openFakeServer(options: FakeServerOptions = {}): Promise<FakeServer> {
  const directory = await temporaryDirectory("sw-");
  const file = (name: string) => path.join(directory.path, name);
  await keygen(file("host"), "ed25519");
  await keygen(file("id"), "ed25519");
  const key = ssh2.utils.parseKey(await readFile(file("id.pub")));
  if (key instanceof Error) throw key;
  const publicKey = (Array.isArray(key) ? key[0] : key).getPublicSSH();
  const live = new Set<Connection>();
  let connections = 0;
  let mostSessions = 0;
  let allSessions = 0;

  const server = new ssh2.Server({ hostKeys: [await readFile(file("host"))] }, (client) => {
    connections += 1;
    live.add(client);
    let sessions = 0;
    client.on("error", () => {}).on("close", () => live.delete(client));
    client.on("authentication", authenticate(options, publicKey));
    client.on("session", (accept, reject) => {
      if (sessions >= (options.maxSessions ?? Infinity)) {
        reject?.();
        return;
      }
      sessions += 1;
      allSessions += 1;
      mostSessions = Math.max(mostSessions, sessions);
      const session = accept();
      session.on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        const child = spawn("/bin/sh", ["-c", command], { detached: true });
        child.stdin.on("error", () => {});
        channel.on("error", () => {}).pipe(child.stdin);
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        child.on("close", (code) => {
          sessions -= 1;
          channel.exit(code ?? 1);
          channel.end();
        });
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  await writeFile(file("known_hosts"), `[127.0.0.1]:${port} ${await readFile(file("host.pub"), "utf8")}`);
  const config = `Host testhost
  HostName 127.0.0.1
  Port ${port}
  User somebody
  IdentityFile ${file("id")}
  IdentityAgent none
  UserKnownHostsFile ${file("known_hosts")}
  GlobalKnownHostsFile /dev/null
`;
  await writeFile(file("ssh_config"), config);
  const env = { PATH: process.env["PATH"], HOME: directory.path, USER: "somebody" };
  return {
    user: "somebody",
    identity: file("id"),
    options: { env, home: directory.path, configFile: file("ssh_config"), controlDirectory: file("ctl") },
    connections: () => connections,
    mostSessions: () => mostSessions,
    sessions: () => allSessions,
    dropConnections() {
      for (const client of live) client.end();
    },
    async [Symbol.asyncDispose]() {
      for (const client of live) client.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await directory[Symbol.asyncDispose]();
    },
  };
}

function authenticate({ password, secondFactor, prompt = "Code: " }: FakeServerOptions, publicKey: Buffer) {
  let hasKey = false;
  return (context: AuthContext) => {
    if (password !== undefined) {
      if (context.method === "password" && context.password === password) context.accept();
      else context.reject(["password"]);
    } else if (context.method === "publickey" && context.key.data.equals(publicKey)) {
      hasKey ||= context.signature !== undefined;
      if (context.signature === undefined || secondFactor === undefined) context.accept();
      else context.reject(["keyboard-interactive"], true);
    } else if (context.method === "keyboard-interactive" && hasKey && secondFactor !== undefined) {
      context.prompt([{ prompt, echo: true }], (answers) => {
        if (answers[0] === secondFactor) context.accept();
        else context.reject(["keyboard-interactive"]);
      });
    } else context.reject([hasKey ? "keyboard-interactive" : "publickey"]);
  };
}
