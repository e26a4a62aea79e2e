import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { connectSsh } from "../src/index.ts";
import type { SshTransport } from "../src/index.ts";
import { ensurePackages, hasSshd, openTestServer } from "./sshd.ts";
import type { TestServer } from "./sshd.ts";

const shells = {
  sh: { program: "/bin/sh", startupFiles: {} },
  // bash reads .bashrc when sshd has started it; here something else has, so BASH_ENV names it.
  bash: { program: "BASH_ENV=~/.bashrc /bin/bash", startupFiles: { ".bashrc": noisy("set -x") } },
  zsh: { program: "/usr/bin/zsh", startupFiles: { ".zshenv": noisy("setopt EXTENDED_GLOB NOMATCH") } },
  fish: { program: "/usr/bin/fish", startupFiles: { ".config/fish/config.fish": noisy("") } },
  tcsh: { program: "/usr/bin/tcsh", startupFiles: { ".tcshrc": "echo noise; sh -c 'echo noise >&2'\nset echo\n" } },
};

function noisy(more: string): string {
  return `echo noise\necho slipway--start 1\nprintf 'no newline'\necho noise >&2\n${more}\n`;
}

const hasShells = await ensurePackages({ zsh: "/usr/bin/zsh", fish: "/usr/bin/fish", tcsh: "/usr/bin/tcsh" });

const awkward = [
  "",
  " ",
  "'",
  "\\'",
  "\\\\",
  "a\\",
  "!",
  "!!",
  "a!b",
  "\n",
  "a\n\nb\n",
  "$HOME",
  "`id`",
  "~",
  "*",
  "(x)",
  "{a,b}",
  "[ab]",
  "^x",
  "=ls",
  "#",
  "%self",
  "%%",
  "<(x)",
  "\t",
  "\u0001\u007f",
  "é💥\u00a0",
  "-n",
  "\\0101",
  "'\\''7",
  "x".repeat(20_000),
];

describe.skipIf(!hasSshd || !hasShells).each(["ssh2", "openssh"] as const)("over %s", (kind) => {
  describe.each(Object.entries(shells))("to a login shell that is %s and prints a lot", (_name, shell) => {
    let server: TestServer;
    let transport: SshTransport;
    beforeAll(async () => {
      server = await openTestServer({ loginShell: shell.program, startupFiles: shell.startupFiles });
      transport = await connectSsh({ host: "testhost" }, { ...server.options, transport: kind });
    });
    afterAll(async () => {
      await transport[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });

    test("arguments arrive byte for byte", async () => {
      const { stdout, stderr, exitCode } = await transport.exec(["printf", "%s\\0", ...awkward]);
      expect({ arguments: Buffer.from(stdout).toString().split("\0").slice(0, -1), stderr, exitCode }).toEqual({
        arguments: awkward,
        stderr: "",
        exitCode: 0,
      });
    });

    test("standard input reaches the command and nobody before it, and no noise is taken for output", async () => {
      const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 31) % 256));
      const result = await transport.exec(["sh", "-c", "cat; echo mine >&2; exit 9"], { stdin: bytes });
      expect({ ...result, stdout: Buffer.compare(result.stdout, bytes) }).toEqual({
        exitCode: 9,
        stdout: 0,
        stderr: "mine\n",
      });
    });

    if (kind === "openssh") return; // The line is the same, and so is what the shell makes of the rest.

    test("a pre_command goes before each command, in that shell, and reads none of its input", async () => {
      // In tcsh a line cannot be given another input without a process of its own, which could set nothing.
      const pre = shell.program.endsWith("tcsh") ? "setenv GREETING hello" : "cat; export GREETING=hello";
      const options = { ...server.options, transport: kind, preCommand: pre };
      await using prepared = await connectSsh({ host: "testhost" }, options);
      const { stdout } = await prepared.exec(["sh", "-c", 'cat; echo "$GREETING"'], { stdin: "input\n" });
      expect(Buffer.from(stdout).toString()).toBe("input\nhello\n");
    });

    test("a pre_command that fails starts nothing, and is shown", async () => {
      const options = { ...server.options, transport: kind, preCommand: "echo no such module; false" };
      await using prepared = await connectSsh({ host: "testhost" }, options);
      await expect(prepared.exec(["true"])).rejects.toMatchObject({
        code: "SSH_COMMAND_NOT_STARTED",
        details: { output: expect.stringContaining("no such module") as string },
      });
    });
  });
});
