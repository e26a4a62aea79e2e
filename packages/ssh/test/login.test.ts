import { execFile, spawn } from "node:child_process";
import { chmod, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { eventually } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { connectSsh } from "../src/index.ts";
import type { SshEvent, SshOptions, SshQuestion } from "../src/index.ts";
import { openFakeServer } from "./fake-server.ts";
import { hasSshd, keygen, killSession, openTestServer } from "./sshd.ts";
import type { TestServer } from "./sshd.ts";

const run = promisify(execFile);
const secret = "correct horse battery staple";

/** Answers in turn, and remembers what was asked. */
function answering(...answers: readonly string[]) {
  const questions: SshQuestion[] = [];
  const ask = async (question: SshQuestion) => {
    questions.push(question);
    const answer = answers[questions.length - 1];
    if (answer === undefined) throw new Error(`Nobody answers ${question.prompt}`);
    return answer;
  };
  return { questions, ask };
}

async function encrypt(file: string, options: readonly string[] = []): Promise<void> {
  await run("ssh-keygen", ["-q", "-p", ...options, "-P", "", "-N", secret, "-f", file]);
}

async function exitCodeOf(options: SshOptions): Promise<number | undefined> {
  await using transport = await connectSsh({ host: "testhost" }, options);
  return (await transport.exec(["true"])).exitCode;
}

async function failureOf(options: SshOptions): Promise<Error & { code?: string; hint?: string; details?: unknown }> {
  const result = await connectSsh({ host: "testhost" }, options).catch((error: unknown) => error);
  if (!(result instanceof Error)) throw new Error("It logged in");
  return result;
}

interface Agent extends AsyncDisposable {
  readonly socket: string;
  readonly add: (file: string) => Promise<unknown>;
}

async function openAgent(folder: string): Promise<Agent> {
  const socket = path.join(folder, "agent");
  const agent = spawn("/usr/bin/env", ["ssh-agent", "-D", "-a", socket], { stdio: ["ignore", "pipe", "ignore"] });
  const exited = new Promise((resolve) => agent.once("exit", resolve));
  const env = { PATH: process.env["PATH"], SSH_AUTH_SOCK: socket };
  await eventually("the agent", () =>
    run("ssh-add", ["-D"], { env }).then(
      () => true,
      () => false,
    ),
  );
  return {
    socket,
    add: (file) => run("ssh-add", ["-q", file], { env }),
    async [Symbol.asyncDispose]() {
      agent.kill();
      await exited;
    },
  };
}

/** ssh_config without the line that keeps the agent out. */
async function withAgent(server: TestServer, socket: string, more: readonly string[] = []): Promise<SshOptions> {
  const configFile = path.join(server.folder, "agent_config");
  const config = await readFile(server.configFile, "utf8");
  const kept = config.split("\n").filter((line) => !/IdentityAgent/.test(line));
  await writeFile(configFile, [...more, ...kept].join("\n"));
  return { ...server.options, configFile, env: { ...server.env, SSH_AUTH_SOCK: socket }, transport: "ssh2" };
}

describe.skipIf(!hasSshd)("logs in to a real sshd with ssh2", () => {
  test.each([
    ["ed25519", []],
    ["ecdsa", []],
    ["rsa", []],
    ["rsa", ["-m", "PEM"]],
  ] as const)("with a key of type %s %j", async (type, format) => {
    await using server = await openTestServer();
    const identityFile = path.join(server.folder, "other");
    await keygen(identityFile, type, format);
    await writeFile(path.join(server.folder, "authorized_keys"), await readFile(`${identityFile}.pub`));
    const options = { ...server.options, transport: "ssh2" as const };
    await using transport = await connectSsh({ host: "testhost", identityFile }, options);
    expect((await transport.exec(["true"])).exitCode).toBe(0);
  });

  test("with an encrypted key, whose passphrase is asked until it is right, and not again for a new connection", async () => {
    await using server = await openTestServer();
    await encrypt(server.identity);
    const { questions, ask } = answering("wrong", secret);
    const options = { ...server.options, transport: "ssh2" as const, ask };
    await using transport = await connectSsh({ host: "testhost" }, options);
    await killSession(transport);
    expect((await transport.exec(["true"])).exitCode).toBe(0);
    expect(questions).toEqual([
      { kind: "passphrase", prompt: `Passphrase of the key ${server.identity}: `, echo: false },
      { kind: "passphrase", prompt: `Passphrase of the key ${server.identity}: `, echo: false },
    ]);
  });

  test("and says how to unlock a key where nobody can be asked", async () => {
    await using server = await openTestServer();
    await encrypt(server.identity);
    const error = await failureOf({ ...server.options, transport: "ssh2" });
    expect([error.code, error.hint]).toEqual([
      "SSH_AUTH_FAILED",
      `Unlock the key: ssh-add ${server.identity}; Compare with: ssh -v testhost`,
    ]);
  });

  test("and what the person refuses to answer ends it with their reason", async () => {
    await using server = await openTestServer();
    await encrypt(server.identity);
    const reason = new Error("not now");
    const ask = () => Promise.reject(reason);
    await expect(connectSsh({ host: "testhost" }, { ...server.options, transport: "ssh2", ask })).rejects.toBe(reason);
  });

  test("with a key that only the agent holds unlocked", async () => {
    await using server = await openTestServer();
    await using agent = await openAgent(server.folder);
    await agent.add(server.identity);
    await encrypt(server.identity);
    expect(await exitCodeOf(await withAgent(server, agent.socket))).toBe(0);
  });

  test("with the right one of many keys in an agent, before the server loses patience", async () => {
    await using server = await openTestServer({ config: ["MaxAuthTries 2"] });
    await using agent = await openAgent(server.folder);
    for (const name of ["a", "b", "c", "d", "e"]) {
      await keygen(path.join(server.folder, name), "ed25519");
      await agent.add(path.join(server.folder, name));
    }
    await agent.add(server.identity);
    await encrypt(server.identity);
    expect(await exitCodeOf(await withAgent(server, agent.socket, ["IdentitiesOnly no"]))).toBe(0);
  });

  test("with no other key of the agent than those of the files, under IdentitiesOnly", async () => {
    await using server = await openTestServer();
    await using agent = await openAgent(server.folder);
    await agent.add(server.identity);
    await keygen(path.join(server.folder, "other"), "ed25519");
    const options = await withAgent(server, agent.socket, [`IdentityFile ${path.join(server.folder, "other")}`]);
    const configFile = options.configFile ?? "";
    const config = await readFile(configFile, "utf8");
    await writeFile(configFile, config.replaceAll(`  IdentityFile ${server.identity}\n`, ""));
    expect((await failureOf(options)).code).toBe("SSH_AUTH_FAILED");
    await writeFile(
      configFile,
      (await readFile(configFile, "utf8")).replace("IdentitiesOnly yes", "IdentitiesOnly no"),
    );
    expect(await exitCodeOf(options)).toBe(0);
  });

  test("not with a key that others may read, as ssh does not", async () => {
    await using server = await openTestServer();
    await chmod(server.identity, 0o644);
    const events: SshEvent[] = [];
    const onEvent = (event: SshEvent) => void events.push(event);
    const error = await failureOf({ ...server.options, transport: "ssh2", onEvent });
    const why = `others may read it: chmod 600 ${server.identity}`;
    expect([error.code, events.filter(({ type }) => type === "ssh.key-skipped")]).toEqual([
      "SSH_KEY_UNSUPPORTED",
      [{ type: "ssh.key-skipped", file: server.identity, why }],
    ]);
  });

  test("not with a key in PKCS#8, which it names", async () => {
    await using server = await openTestServer();
    await keygen(path.join(server.folder, "p8"), "rsa", ["-m", "PKCS8"]);
    const identityFile = path.join(server.folder, "p8");
    const options = { ...server.options, transport: "ssh2" as const };
    await writeFile(path.join(server.folder, "authorized_keys"), await readFile(`${identityFile}.pub`));
    await expect(connectSsh({ host: "testhost", identityFile }, options)).rejects.toMatchObject({
      code: "SSH_KEY_UNSUPPORTED",
      message: expect.stringContaining(identityFile) as string,
    });
  });

  test("and names a key that was asked for and is not there", async () => {
    await using server = await openTestServer();
    const options = { ...server.options, transport: "ssh2" as const };
    await expect(connectSsh({ host: "testhost", identityFile: "~/none" }, options)).rejects.toMatchObject({
      code: "SSH_CONFIG_INVALID",
      message: `There is no private key ${server.options.home}/none`,
    });
  });

  test("and tells what it tried and what the server accepts, when it is refused", async () => {
    await using server = await openTestServer();
    await writeFile(path.join(server.folder, "authorized_keys"), "");
    const error = await failureOf({ ...server.options, transport: "ssh2" });
    expect([error.code, error.message, error.details]).toEqual([
      "SSH_AUTH_FAILED",
      `testhost refuses ${server.user}: tried ${server.identity}; it accepts publickey`,
      { tried: [server.identity], accepted: ["publickey"] },
    ]);
  });
});

describe.skipIf(!hasSshd)("by itself leaves to OpenSSH", () => {
  test("a certificate", async () => {
    await using server = await openTestServer();
    const file = (name: string) => path.join(server.folder, name);
    await keygen(file("ca"), "ed25519");
    await run("ssh-keygen", ["-q", "-s", file("ca"), "-I", "me", "-n", server.user, file("id.pub")]);
    await writeFile(file("authorized_keys"), `cert-authority ${await readFile(file("ca.pub"), "utf8")}`);
    await using transport = await connectSsh({ host: "testhost" }, server.options);
    expect([transport.kind, transport.why, (await transport.exec(["true"])).exitCode]).toEqual([
      "openssh",
      `only OpenSSH can use the certificate ${server.identity}-cert.pub`,
      0,
    ]);
  });

  test("a key in PKCS#8", async () => {
    await using server = await openTestServer();
    await run("ssh-keygen", [
      "-q",
      "-t",
      "rsa",
      "-b",
      "2048",
      "-m",
      "PKCS8",
      "-N",
      "",
      "-f",
      path.join(server.folder, "p8"),
    ]);
    await run("mv", [path.join(server.folder, "p8"), server.identity]);
    await run("mv", [path.join(server.folder, "p8.pub"), `${server.identity}.pub`]);
    await writeFile(path.join(server.folder, "authorized_keys"), await readFile(`${server.identity}.pub`));
    await using transport = await connectSsh({ host: "testhost" }, server.options);
    expect([transport.kind, (await transport.exec(["true"])).exitCode]).toEqual(["openssh", 0]);
  });

  test("a login that failed, and tells of the first failure when both do", async () => {
    await using server = await openTestServer();
    await writeFile(path.join(server.folder, "authorized_keys"), "");
    const chosen: string[] = [];
    const onEvent = (event: SshEvent) => void (event.type === "ssh.chosen" && chosen.push(event.kind));
    const error = await failureOf({ ...server.options, onEvent });
    expect([chosen, error.code, error.message.includes("tried")]).toEqual([
      ["ssh2", "openssh"],
      "SSH_AUTH_FAILED",
      true,
    ]);
  });

  test("but no host whose key is not the known one", async () => {
    await using server = await openTestServer();
    await writeFile(server.knownHosts, "");
    const chosen: string[] = [];
    const onEvent = (event: SshEvent) => void (event.type === "ssh.chosen" && chosen.push(event.kind));
    expect([(await failureOf({ ...server.options, onEvent })).code, chosen]).toEqual(["SSH_HOST_UNKNOWN", ["ssh2"]]);
  });
});

describe.skipIf(!hasSshd)("to a server that asks", () => {
  test("a password is asked again when it is wrong, and then used for a new connection without asking", async () => {
    await using server = await openFakeServer({ password: secret });
    const { questions, ask } = answering("wrong", secret);
    await using transport = await connectSsh({ host: "testhost" }, { ...server.options, transport: "ssh2", ask });
    expect((await transport.exec(["true"])).exitCode).toBe(0);
    server.dropConnections();
    await eventually("the loss to be noticed", async () => {
      const result = await transport.exec(["true"]).catch(() => undefined);
      return result?.exitCode === 0;
    });
    const prompt = `Password of ${server.user} on testhost: `;
    expect([questions, server.connections()]).toEqual([
      [
        { kind: "password", prompt, echo: false },
        { kind: "password", prompt, echo: false },
      ],
      2,
    ]);
  });

  test("the second factor is asked once, after the key, with the server's words made safe", async () => {
    await using server = await openFakeServer({ secondFactor: "123456", prompt: "\u001b[31mCode\u0007: " });
    const { questions, ask } = answering("123456");
    await using transport = await connectSsh({ host: "testhost" }, { ...server.options, transport: "ssh2", ask });
    await Promise.all([transport.exec(["true"]), transport.exec(["true"])]);
    expect([questions, server.connections()]).toEqual([
      [{ kind: "keyboard-interactive", prompt: `(${server.user}@testhost) Code: `, echo: true }],
      1,
    ]);
  });

  test("a person who does not answer is not asked again", async () => {
    await using server = await openFakeServer({ secondFactor: "123456", prompt: "Code: " });
    const reason = new Error("the phone is not here");
    let asked = 0;
    const ask = () => {
      asked += 1;
      return Promise.reject(reason);
    };
    await expect(connectSsh({ host: "testhost" }, { ...server.options, transport: "ssh2", ask })).rejects.toBe(reason);
    expect(asked).toBe(1);
  });

  test("and nobody is there to answer, the error says what it would accept", async () => {
    await using server = await openFakeServer({ secondFactor: "123456", prompt: "Code: " });
    const error = await failureOf({ ...server.options, transport: "ssh2" });
    expect([error.code, error.hint, error.details]).toEqual([
      "SSH_AUTH_FAILED",
      "Log in once on a terminal; Compare with: ssh -v testhost",
      { tried: [server.identity], accepted: ["keyboard-interactive"] },
    ]);
  });

  test("no answer is in an error or an event", async () => {
    await using server = await openFakeServer({ password: secret });
    const events: SshEvent[] = [];
    const { ask } = answering(`wrong ${secret}`, `wrong ${secret}`, `wrong ${secret}`);
    const onEvent = (event: SshEvent) => void events.push(event);
    const error = await failureOf({ ...server.options, transport: "ssh2", ask, onEvent });
    const all = JSON.stringify([error, error.message, error.stack, error.cause, events], (_key, value: unknown) =>
      value instanceof Error ? `${value.stack} ${JSON.stringify(Object.entries(value))}` : value,
    );
    expect([error.code, all.includes(secret)]).toEqual(["SSH_AUTH_FAILED", false]);
  });
});
