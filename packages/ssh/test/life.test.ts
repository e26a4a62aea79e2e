import { createServer } from "node:net";
import path from "node:path";

import { fakeClock, writeFiles } from "@slipway/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { connectSsh } from "../src/index.ts";
import type { SshEvent } from "../src/index.ts";
import { openFakeServer } from "./fake-server.ts";
import { freePort, hasSshd, killSession, openTestServer } from "./sshd.ts";
import type { TestServer } from "./sshd.ts";

const stopped = new Error("stopped by the test");

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "nothing was wrong",
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
  );
}

/** A TCP server that says this to whoever connects, and nothing more. */
async function openTcpServer(greeting: string) {
  const server = createServer((socket) => {
    socket.on("error", () => {}).resume();
    if (greeting === "") return;
    socket.end(greeting);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" ? address?.port : undefined,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const env = { PATH: process.env["PATH"], HOME: "/nonexistent" };
const nowhere = { env, configFile: "/dev/null", transport: "ssh2" as const };

describe("no connection", () => {
  test("where nobody listens", async () => {
    const port = await freePort();
    await expect(connectSsh({ host: "127.0.0.1", port }, nowhere)).rejects.toMatchObject({
      code: "SSH_UNREACHABLE",
      message: `Cannot connect to 127.0.0.1 port ${port}: the connection was refused`,
    });
  });

  test("to a host that has no address", async () => {
    expect(await codeOf(connectSsh({ host: "no-such-host.invalid" }, nowhere))).toBe("SSH_UNREACHABLE");
  });

  test("to something that is no SSH server", async () => {
    await using server = await openTcpServer("HTTP/1.1 400 Bad Request\r\n\r\n");
    expect(await codeOf(connectSsh({ host: "127.0.0.1", port: server.port }, nowhere))).toBe("SSH_UNREACHABLE");
  });

  test("to a host that does not answer in time", async () => {
    await using server = await openTcpServer("");
    const clock = fakeClock();
    const options = { ...nowhere, clock, connectTimeoutMs: 7_000 };
    await expect(connectSsh({ host: "127.0.0.1", port: server.port }, options)).rejects.toMatchObject({
      code: "SSH_TIMED_OUT",
      message: `127.0.0.1 port ${server.port} did not answer within 7 s`,
    });
    expect(clock.slept).toEqual([7_000]);
  });

  test("when it is aborted while it waits", async () => {
    await using server = await openTcpServer("");
    const abort = new AbortController();
    const connecting = connectSsh({ host: "127.0.0.1", port: server.port }, { ...nowhere, signal: abort.signal });
    setImmediate(() => abort.abort(stopped));
    expect(await codeOf(connecting)).toBe(stopped);
  });

  test.skipIf(!hasSshd)("over OpenSSH either, with the same codes", async () => {
    await using server = await openTestServer();
    const options = { ...server.options, configFile: "/dev/null", transport: "openssh" as const };
    await using silent = await openTcpServer("");
    await using other = await openTcpServer("HTTP/1.1 400 Bad Request\r\n\r\n");
    const abort = new AbortController();
    const aborted = codeOf(connectSsh({ host: "127.0.0.1", port: silent.port }, { ...options, signal: abort.signal }));
    setTimeout(() => abort.abort(stopped), 100);
    expect([
      await codeOf(connectSsh({ host: "127.0.0.1", port: await freePort() }, options)),
      await codeOf(connectSsh({ host: "no-such-host.invalid" }, options)),
      await codeOf(connectSsh({ host: "127.0.0.1", port: other.port }, options)),
      await codeOf(connectSsh({ host: "127.0.0.1", port: silent.port }, { ...options, connectTimeoutMs: 1_000 })),
      await aborted,
      await codeOf(connectSsh({ host: "h" }, { ...options, env: { ...server.env, PATH: "" } })),
    ]).toEqual([
      "SSH_UNREACHABLE",
      "SSH_UNREACHABLE",
      "SSH_UNREACHABLE",
      "SSH_TIMED_OUT",
      stopped,
      "SSH_OPENSSH_MISSING",
    ]);
  });
});

describe.skipIf(!hasSshd).each(["ssh2", "openssh"] as const)("a transport over %s", (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await openTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test("says that a command's end could not be learned when the connection is lost, and connects again for the next", async () => {
    const events: string[] = [];
    const onEvent = (event: SshEvent) => void (event.type !== "ssh.exec" && events.push(event.type));
    await using transport = await connectSsh({ host: "testhost" }, { ...server.options, transport: kind, onEvent });
    const lost = transport.exec(["sleep", "1000"]).catch((error: unknown) => error);
    await killSession(transport);
    expect(await lost).toMatchObject({
      code: "SSH_CONNECTION_LOST",
      message: 'The connection to testhost was lost while "sleep" ran; its end could not be learned',
    });
    const results = await Promise.all([transport.exec(["true"]), transport.exec(["sh", "-c", "exit 3"])]);
    expect([results.map(({ exitCode }) => exitCode), events]).toEqual([
      [0, 3],
      ["ssh.chosen", "ssh.connected", "ssh.lost", "ssh.connected"],
    ]);
  });

  test("tells every exit code and many signals", async () => {
    await using transport = await connectSsh({ host: "testhost" }, { ...server.options, transport: kind });
    const endOf = async (script: string) => {
      const { exitCode, signal } = await transport.exec(["sh", "-c", script]);
      return signal ?? exitCode;
    };
    const scripts = ["exit 0", "exit 1", "exit 127", "exit 128", "exit 254", "exit 255"];
    const signals = ["HUP", "INT", "TERM", "SEGV", "PIPE", "USR1"];
    expect(await Promise.all([...scripts, ...signals.map((name) => `kill -${name} $$`)].map(endOf))).toEqual([
      0,
      1,
      127,
      128,
      254,
      255,
      ...signals.map((name) => `SIG${name}`),
    ]);
  });

  test("sends one command for each exec, at most four at a time, in their order", async () => {
    let sent = 0;
    const onEvent = (event: SshEvent) => void (event.type === "ssh.exec" && (sent += 1));
    await using transport = await connectSsh({ host: "testhost" }, { ...server.options, transport: kind, onEvent });
    await writeFiles(server.folder, { "at/.keep": "" });
    const script = 'cd "$1/at"; mkdir $$; ls | wc -l; sleep 0.3; rmdir $$';
    const runs = Array.from({ length: 9 }, () => transport.exec(["sh", "-c", script, "sh", server.folder]));
    const abort = new AbortController();
    const waiting = transport.exec(["true"], { signal: abort.signal });
    abort.abort(stopped);
    expect(await codeOf(waiting)).toBe(stopped);
    const seen = (await Promise.all(runs)).map(({ stdout }) => Number(Buffer.from(stdout).toString()));
    expect([seen.length, Math.max(...seen) <= 4, sent]).toEqual([9, true, 9]);
  });

  test("gets along with a server that takes fewer at once", async () => {
    await using special = await openTestServer({ config: ["MaxSessions 2"] });
    await using transport = await connectSsh({ host: "testhost" }, { ...special.options, transport: kind });
    const texts = Array.from({ length: 6 }, (_, index) => `input ${index}`);
    const runs = texts.map((stdin) => transport.exec(["sh", "-c", "sleep 0.1; cat"], { stdin }));
    expect((await Promise.all(runs)).map(({ stdout }) => Buffer.from(stdout).toString())).toEqual(texts);
  });

  test("moves many bytes both ways unchanged", async () => {
    await using transport = await connectSsh({ host: "testhost" }, { ...server.options, transport: kind });
    const bytes = Buffer.alloc(20 << 20);
    for (let index = 0; index < bytes.length; index += 4) bytes.writeUInt32LE((index * 2_654_435_761) % 2 ** 32, index);
    const { stdout } = await transport.exec(["cat"], { stdin: bytes });
    expect(bytes.equals(stdout)).toBe(true);
  });

  test("ends a command that is aborted before it began, and leaves nothing of it", async () => {
    await using transport = await connectSsh({ host: "testhost" }, { ...server.options, transport: kind });
    const abort = new AbortController();
    const command = transport.exec(["sleep", "986754"], { signal: abort.signal });
    queueMicrotask(() => abort.abort(stopped));
    expect(await codeOf(command)).toBe(stopped);
    const { stdout } = await transport.exec(["sh", "-c", "ps -eo args | grep -c '[s]leep 986754' || true"]);
    expect(Buffer.from(stdout).toString()).toBe("0\n");
  });

  test("rejects with what onStdout throws", async () => {
    await using transport = await connectSsh({ host: "testhost" }, { ...server.options, transport: kind });
    const onStdout = () => {
      throw stopped;
    };
    expect(await codeOf(transport.exec(["sh", "-c", "echo x; exec sleep 1000"], { onStdout }))).toBe(stopped);
  });

  test("says that it is closed, and that the arguments are too long, before it sends anything", async () => {
    const transport = await connectSsh({ host: "testhost" }, { ...server.options, transport: kind });
    expect(await codeOf(transport.exec(["true", "x".repeat(1 << 18)]))).toBe("SSH_COMMAND_TOO_LONG");
    await expect(transport.exec([])).rejects.toThrow(TypeError);
    await expect(transport.exec(["a\0b"])).rejects.toThrow(RangeError);
    await transport[Symbol.asyncDispose]();
    expect(await codeOf(transport.exec(["true"]))).toBe("SSH_CLOSED");
  });

  test("says what an account that may not run commands prints", async () => {
    await using special = await openTestServer({ loginShell: "/usr/sbin/nologin" });
    await using transport = await connectSsh({ host: "testhost" }, { ...special.options, transport: kind });
    await expect(transport.exec(["true"])).rejects.toMatchObject({
      code: "SSH_COMMAND_NOT_STARTED",
      details: { output: expect.stringContaining("not available") as string },
    });
  });

  test("shows the server's banner as an event, or not at all, and never in a command's output", async () => {
    await using special = await openTestServer({ config: [`Banner ${path.resolve(import.meta.dirname, "sshd.ts")}`] });
    const banners: string[] = [];
    const onEvent = (event: SshEvent) => void (event.type === "ssh.banner" && banners.push(event.text));
    await using transport = await connectSsh({ host: "testhost" }, { ...special.options, transport: kind, onEvent });
    expect(await transport.exec(["true"])).toEqual({ exitCode: 0, stdout: Buffer.alloc(0), stderr: "" });
    expect(banners.length).toBe(kind === "ssh2" ? 1 : 0);
  });
});

test.skipIf(!hasSshd)("a server that takes no command at all is not asked for ever", async () => {
  await using server = await openFakeServer({ maxSessions: 0 });
  await using transport = await connectSsh({ host: "testhost" }, { ...server.options, transport: "ssh2" });
  expect(await codeOf(transport.exec(["true"]))).toBe("SSH_CHANNEL_REFUSED");
});
