import { spawnSync } from "node:child_process";

import { eventually } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { renderSpareInput, renderSpareLine } from "../src/command-line.ts";
import { connectSsh } from "../src/index.ts";
import type { SshOptions, SshTransport } from "../src/index.ts";
import { openFakeServer } from "./fake-server.ts";
import { hasSshd, openTestServer } from "./sshd.ts";

function connect(options: SshOptions): Promise<SshTransport> {
  return connectSsh({ host: "testhost" }, { ...options, transport: "ssh2" });
}

async function run(transport: SshTransport, script: string): Promise<string> {
  const { stdout } = await transport.exec(["sh", "-c", script]);
  return Buffer.from(stdout).toString();
}

describe.skipIf(!hasSshd)("a shell that waits for its command", () => {
  test("is there for the first one, and after the second for each", async () => {
    await using server = await openFakeServer();
    await using transport = await connect(server.options);
    await eventually("the first shell", () => server.sessions() === 1);
    const sessions: number[] = [];
    for (const after of [1, 3, 4, 5]) {
      expect(await run(transport, "echo here")).toBe("here\n");
      await eventually(`session ${after}`, () => server.sessions() === after);
      sessions.push(server.sessions());
    }
    expect(sessions).toEqual([1, 3, 4, 5]);
  });

  test("is not kept where the server takes one command at a time", async () => {
    await using server = await openTestServer({ config: ["MaxSessions 1"] });
    await using transport = await connect(server.options);
    const printed: string[] = [];
    for (const number of [1, 2, 3, 4, 5]) printed.push(await run(transport, `echo ${number}`));
    expect(printed).toEqual(["1\n", "2\n", "3\n", "4\n", "5\n"]);
  });

  test("makes room for what ends a command", async () => {
    await using server = await openTestServer({ config: ["MaxSessions 2"] });
    await using transport = await connect(server.options);
    await Promise.all([run(transport, "true"), run(transport, "true")]);
    const abort = new AbortController();
    const seconds = 1_000_000 + process.pid;
    const started = new Promise<void>((resolve) => {
      const onStdout = () => resolve();
      const script = `echo begun; exec sleep ${seconds}`;
      transport.exec(["sh", "-c", script], { signal: abort.signal, onStdout }).catch(() => {}); // It is aborted.
    });
    await started;
    await run(transport, "true"); // After this another one waits, and both sessions are taken.
    const stopped = new Error("stopped by the test");
    abort.abort(stopped);
    const count = `ps -eo args | grep -c '^sleep ${seconds}'`;
    expect(await eventually("its end", async () => (await run(transport, count)) === "0\n")).toBe(true);
  });

  test("ends with the connection", async () => {
    await using server = await openTestServer();
    const transport = await connect(server.options);
    const session = (await run(transport, "ps -o ppid= -p $PPID")).trim();
    await run(transport, "true");
    await transport[Symbol.asyncDispose]();
    expect(await eventually("all of it to end", () => spawnSync("pgrep", ["-P", session]).status === 1)).toBe(true);
  });

  test("starts nothing when what it was to read is cut off", () => {
    const line = renderSpareLine({ nonce: "n" });
    const { stdout, status } = spawnSync("sh", ["-c", line], { input: "echo begu", encoding: "utf8" });
    expect([stdout, status]).toEqual(["", 1]);
  });

  test.each([["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"]])(
    "takes any arguments in %s %s",
    (...shell) => {
      const awkward = [
        "",
        "'",
        "\\",
        "\n",
        "a\n\nb\n",
        "\r\n",
        "$n",
        "`id`",
        "é💥",
        "\u0001\u007f",
        "x".repeat(20_000),
      ];
      const line = renderSpareLine({ nonce: "n" }).replace("/bin/sh", shell.filter(Boolean).join(" "));
      const input = `${renderSpareInput(["printf", "%s\\0", ...awkward])}its own input`;
      const { stdout } = spawnSync("sh", ["-c", line], { input, encoding: "utf8" });
      expect(stdout.replace(/^slipway-n-start \d+\n/, "").split("\0")).toEqual([...awkward, ""]);
    },
  );

  test("runs a script itself, as the sh that it would start", () => {
    const script = 'printf "%s|" "$0" "$#" "$@" "${c-}${n-}"\ncat\nexit 7';
    const input = `${renderSpareInput(["sh", "-c", script, "sh", "it's\n", "$n"])}its own input`;
    const { stdout, status } = spawnSync("sh", ["-c", renderSpareLine({ nonce: "n" })], { input, encoding: "utf8" });
    expect([stdout.replace(/^slipway-n-start \d+\n/, ""), status]).toEqual(["sh|2|it's\n|$n||its own input", 7]);
  });
});
