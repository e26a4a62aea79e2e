import { readFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository, writeFiles } from "@slipway/testing";
import { sharedTestbed, startTestbed, testbedSupport } from "@slipway/testing/testbed";
import type { Testbed } from "@slipway/testing/testbed";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { machineWithCluster, renderHost } from "./cluster.ts";
import { openTerminal } from "./terminal.ts";

const support = await testbedSupport();

describe.skipIf(!support.available)("a cluster that asks for a second factor", () => {
  let testbed: Testbed;
  let code: string;

  beforeAll(async () => {
    testbed = await startTestbed({ twoFactor: true, accounting: false, nodes: 1 });
    code = testbed.ssh.verificationCode ?? "";
  });
  afterAll(() => testbed[Symbol.asyncDispose]());

  async function machineWithCode() {
    const { m } = await machineWithCluster(testbed);
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "of the commit\n" } });
    return { m, repo };
  }

  test("a run asks once, on the terminal, after the code was packed, and never shows the answer", async () => {
    const { m, repo } = await machineWithCode();
    await using _machine = m;
    const terminal = openTerminal(m, repo, "run", "--cluster", "testbed", "--follow", "--", "cat", "a");
    await terminal.reads(`(${testbed.ssh.user}@testbed) Password:`);
    expect(terminal.shown()).toMatch(/^packaged 1 file/);
    terminal.types(code);
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.shown()).toContain("\nof the commit\n");
    expect(terminal.shown()).not.toContain(code);
  });

  test("after a login no command asks, until a logout", async () => {
    const { m, repo } = await machineWithCode();
    await using _machine = m;
    const terminal = openTerminal(m, repo, "login", "testbed");
    await terminal.reads("Password:");
    terminal.types(code);
    expect(await terminal.exitCode).toBe(0);
    const run = await m.slipway(repo, "run", "--cluster", "testbed", "--follow", "--", "cat", "a");
    expect({ ...run }).toMatchObject({ exitCode: 0, stdout: "of the commit\n" });
    expect(await m.slipway(repo, "login", "testbed")).toMatchObject({
      exitCode: 0,
      stdout: "testbed was open already\n",
    });
    expect(await m.slipway(repo, "logout", "testbed")).toMatchObject({
      exitCode: 0,
      stdout: "Logged out of testbed\n",
    });
    expect((await m.slipway(repo, "nodes", "--cluster", "testbed")).exitCode).toBe(3);
    expect((await m.slipway(repo, "logout", "testbed")).stdout).toBe("Nothing was open to testbed\n");
  });

  test.each([
    ["run", ["run", "--cluster", "testbed", "--", "true"]],
    ["login", ["login", "testbed"]],
  ])("without a terminal %s says how to log in, and nothing was submitted", async (_name, words) => {
    const { m, repo } = await machineWithCode();
    await using _machine = m;
    const { exitCode, stdout, stderr } = await m.slipway(repo, ...words);
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 3,
      stdout: "",
      stderr: expect.stringMatching(
        /keyboard-interactive\)?\. There is no terminal to ask for it\n {2}→ Log in once, on a terminal: slipway login testbed\./,
      ),
    });
    expect(await m.json(repo, "list")).toEqual([]);
  });

  test("Ctrl-C at the question ends the run, and nothing was submitted", async () => {
    const { m, repo } = await machineWithCode();
    await using _machine = m;
    const terminal = openTerminal(m, repo, "run", "--cluster", "testbed", "--", "true");
    await terminal.reads("Password:");
    terminal.types("\u0003");
    expect(await terminal.exitCode).toBe(130);
    expect(await m.json(repo, "list")).toEqual([]);
  });
});

describe.skipIf(!support.available)("a host's key", () => {
  const fingerprint = /SHA256:[A-Za-z0-9+/]{43}/;

  test.each([
    {
      is: "not known",
      lines: () => [],
      message: /^slipway: The host key of \[127\.0\.0\.1\]:\d+ is not known: ssh-ed25519 SHA256:/m,
      hint: /→ Compare it with .* accept it once with: ssh -p \d+ -l \S+ testbed/,
    },
    {
      is: "another than the known one",
      lines: (name: string, _key: string, other: string) => [`${name} ${other}`],
      message:
        /^slipway: The host key of \[127\.0\.0\.1\]:\d+ is not the one in \S+:1: the host shows ssh-ed25519 SHA256:/m,
      hint: /→ Somebody may be in between\. .*: ssh-keygen -f \S+ -R '\[127\.0\.0\.1\]:\d+'/,
    },
    {
      is: "revoked",
      lines: (name: string, key: string) => [`${name} ${key}`, `@revoked ${name} ${key}`],
      message: /^slipway: The host key of \[127\.0\.0\.1\]:\d+ is revoked in \S+:2: ssh-ed25519 SHA256:/m,
      hint: /→ Do not log in\. Ask the host's administrators for its new key/,
    },
  ])("that is $is is refused with its fingerprint and the mend, by every command", async ({ lines, message, hint }) => {
    const { ssh } = await sharedTestbed();
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    const knownHostsFile = path.join(m.folder, "known_hosts");
    const [type, key] = (await readFile(`${ssh.hostKeyFile}.pub`, "utf8")).split(" ");
    const [otherType, other] = (await readFile(`${ssh.identityFile}.pub`, "utf8")).split(" ");
    const known = lines(`[127.0.0.1]:${ssh.port}`, `${type} ${key}`, `${otherType} ${other}`);
    await writeFiles(m.folder, {
      known_hosts: known.map((line) => `${line}\n`).join(""),
      ssh_config: renderHost("testbed", { ...ssh, knownHostsFile }),
    });
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
    for (const words of [
      ["run", "--cluster", "testbed", "--", "true"],
      ["nodes", "--cluster", "testbed"],
    ]) {
      const { exitCode, stderr } = await m.slipway(repo, ...words);
      expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringMatching(message) });
      expect(stderr).toMatch(fingerprint);
      expect(stderr).toMatch(hint);
    }
    const doctor = await m.slipway(repo, "doctor", "--cluster", "testbed");
    expect(doctor).toMatchObject({ exitCode: 4, stdout: expect.stringMatching(/✗ ssh .*SHA256:[^\n]*\n +→ /) });
    // Neither was it learned, nor was anything left there.
    expect(await readFile(knownHostsFile, "utf8")).toBe(known.map((line) => `${line}\n`).join(""));
    await expect(readFile(jobDir)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
