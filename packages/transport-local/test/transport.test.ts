import { mkdir } from "node:fs/promises";
import path from "node:path";

import { isSlipwayError } from "@slipway/core";
import { eventually, temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { openLocalTransport } from "../src/index.ts";

const env = { PATH: process.env["PATH"] };
const stopped = new Error("stopped by the test");

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isSlipwayError(error) ? error.code : `not a SlipwayError: ${String(error)}`;
}

test("gives commands the environment it was opened with, and nothing of its own process", async () => {
  await using transport = openLocalTransport({ env: { ...env, GREETING: "a b\n'c'", ABSENT: undefined } });
  const { stdout } = await transport.exec(["env", "-0"]);
  expect(Buffer.from(stdout).toString().split("\0").toSorted()).toEqual(["", "GREETING=a b\n'c'", `PATH=${env.PATH}`]);
});

test("starts commands in the directory it was opened with", async () => {
  await using folder = await temporaryDirectory();
  await using transport = openLocalTransport({ env, cwd: folder.path });
  expect(Buffer.from((await transport.exec(["pwd"])).stdout).toString()).toBe(`${folder.path}\n`);
});

test("a command that is nowhere on PATH is an error that names it", async () => {
  await using transport = openLocalTransport({ env });
  await expect(transport.exec(["no-such-command"])).rejects.toMatchObject({
    code: "TRANSPORT_COMMAND_NOT_FOUND",
    message: 'There is no command "no-such-command" on this machine',
  });
});

test("a file that may not be executed is an error that says so", async () => {
  await using folder = await temporaryDirectory();
  await writeFiles(folder.path, { script: "#!/bin/sh\n" });
  await using transport = openLocalTransport({ env });
  expect(await codeOf(transport.exec([path.join(folder.path, "script")]))).toBe("TRANSPORT_COMMAND_NOT_EXECUTABLE");
});

test("a working directory that is not there is not taken for a missing command", async () => {
  await using folder = await temporaryDirectory();
  await using transport = openLocalTransport({ env, cwd: path.join(folder.path, "gone") });
  expect(await codeOf(transport.exec(["true"]))).toBe("TRANSPORT_DIRECTORY_NOT_FOUND");
});

test("arguments beyond the system's limit are an error that says so", async () => {
  await using transport = openLocalTransport({ env });
  expect(await codeOf(transport.exec(["true", "x".repeat(1 << 23)]))).toBe("TRANSPORT_COMMAND_TOO_LONG");
});

test("an empty argument list and a NUL character are bugs of the caller", async () => {
  await using transport = openLocalTransport({ env });
  expect(await codeOf(transport.exec([]))).toMatch(/^not a SlipwayError: TypeError/);
  expect(await codeOf(transport.exec(["printf", "a\0b"]))).toMatch(/^not a SlipwayError: TypeError/);
});

test("what onStdout throws ends the command and is what exec rejects with", async () => {
  const failure = new Error("cannot take more");
  await using transport = openLocalTransport({ env });
  const onStdout = () => {
    throw failure;
  };
  await expect(transport.exec(["sh", "-c", "echo x; exec sleep 1000"], { onStdout })).rejects.toBe(failure);
});

test("a closed transport says that it is closed", async () => {
  const transport = openLocalTransport({ env });
  await transport[Symbol.asyncDispose]();
  expect(await codeOf(transport.exec(["true"]))).toBe("TRANSPORT_CLOSED");
});

test("asks with SIGTERM first, so that a command can clean up before it ends", async () => {
  await using folder = await temporaryDirectory();
  await mkdir(path.join(folder.path, "half-made"));
  await using transport = openLocalTransport({ env, cwd: folder.path });
  const abort = new AbortController();
  const script = "trap 'rmdir half-made; exit 1' TERM; sleep 1000 & echo ready; wait";
  const command = transport.exec(["sh", "-c", script], { signal: abort.signal, onStdout: () => abort.abort(stopped) });
  await expect(command).rejects.toBe(stopped);
  await expect(mkdir(path.join(folder.path, "half-made"))).resolves.toBeUndefined();
});

test("on abort a command also sees the end of its input", async () => {
  await using transport = openLocalTransport({ env, killGraceMs: 600_000 });
  const abort = new AbortController();
  async function* silent() {
    yield Buffer.from("first");
    await new Promise<never>(() => {});
  }
  const command = transport.exec(["sh", "-c", "trap '' TERM; echo ready; cat >/dev/null"], {
    stdin: silent(),
    signal: abort.signal,
    onStdout: () => abort.abort(stopped),
  });
  await expect(command).rejects.toBe(stopped);
});

test("on abort does not wait for a process that left the group and holds the output open", async () => {
  await using transport = openLocalTransport({ env, killGraceMs: 100 });
  const abort = new AbortController();
  let stray = "";
  const command = transport.exec(["sh", "-c", "setsid sleep 1000 & echo $!; wait"], {
    signal: abort.signal,
    onStdout(bytes) {
      stray += Buffer.from(bytes).toString();
      abort.abort(stopped);
    },
  });
  await expect(command).rejects.toBe(stopped);
  process.kill(Number(stray), "SIGKILL");
});

test("an input is closed when its command ends before it", async () => {
  let isClosed = false;
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(65_536);
    } finally {
      isClosed = true;
    }
  }
  await using transport = openLocalTransport({ env });
  expect((await transport.exec(["true"], { stdin: endless() })).exitCode).toBe(0);
  await eventually("the input to be closed", () => isClosed);
});

test("a process left in the background keeps running after its command has ended", async () => {
  await using transport = openLocalTransport({ env });
  const { stdout } = await transport.exec(["sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"]);
  const pid = Number(Buffer.from(stdout).toString());
  expect(process.kill(pid, "SIGKILL")).toBe(true);
});
