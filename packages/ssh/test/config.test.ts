import { access, chmod, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { temporaryDirectory, writeFiles } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import type { HostConfig } from "../src/config/host-config.ts";
import { readHostConfig } from "../src/config/read.ts";
import { connectSsh } from "../src/index.ts";
import type { SshDestination } from "../src/index.ts";
import { parseJump } from "../src/ssh2/jump.ts";
import { hasSshd, openTestServer } from "./sshd.ts";

const files = {
  ".ssh/config": `
# Comments, tabs, equals signs and quotes
Host alpha beta*
\tHostName=10.0.0.1
  Port 2200
  IdentityFile "~/.ssh/my key"
  IdentityFile ~/.ssh/id_%h_%r
Host beta1
  User first
  Port 1
Host beta1
  User second
Host *.example.org !bad.example.org
  User inside
Include extra.conf conf.d/*
Match originalhost gamma user carol
  Port 33
Match host 10.0.0.9
  IdentitiesOnly yes
Match exec "touch MARK"
  Port 666
Host jumped
  ProxyJump ann@first:23,second
  StrictHostKeyChecking accept-new
Host commanded
  ProxyCommand nc %h %p
  IdentityAgent none
  ConnectTimeout 7
  ServerAliveInterval 3
  HostKeyAlias other
Host short
  HostName %h.example.org
Host *
  User everybody
  IdentityFile ~/.ssh/every
  UserKnownHostsFile ~/.ssh/kh1 ~/.ssh/kh2
  GlobalKnownHostsFile /dev/null
`,
  ".ssh/extra.conf": "Host gamma\n  HostName 10.0.0.9\n  IdentityFile ~/.ssh/extra\n",
  ".ssh/conf.d/10-a": "Host included\n  Port 10\n",
  ".ssh/conf.d/20-b": "Host included\n  Port 20\n  User two\n",
};

const destinations: readonly SshDestination[] = [
  { host: "alpha" },
  { host: "beta1" },
  { host: "beta2", user: "given", port: 44 },
  { host: "good.example.org" },
  { host: "bad.example.org" },
  { host: "gamma" },
  { host: "gamma", user: "carol" },
  { host: "included" },
  { host: "jumped" },
  { host: "commanded" },
  { host: "short" },
];

describe.skipIf(!hasSshd)("ssh_config", () => {
  /** `~` of ssh is the password file's home, whatever HOME is: the files name the folder. */
  async function writeConfig(folder: string, mark: string): Promise<string> {
    const inPlace = Object.entries(files).map(([name, text]) => {
      const includes = text.replace(
        "Include extra.conf conf.d/*",
        `Include ${folder}/.ssh/extra.conf ${folder}/.ssh/conf.d/*`,
      );
      return [name, includes.replaceAll("~/", `${folder}/`).replace("MARK", mark)] as const;
    });
    await writeFiles(folder, Object.fromEntries(inPlace));
    return path.join(folder, ".ssh/config");
  }

  test("means without ssh what it means to ssh", async () => {
    await using folder = await temporaryDirectory();
    const mark = path.join(folder.path, "mark");
    const configFile = await writeConfig(folder.path, mark);
    // OpenSSH runs the command of Match exec, and it succeeds; ours is compared without that section.
    const withoutExec = path.join(folder.path, "without-exec");
    const text = await readFile(configFile, "utf8");
    await writeFiles(folder.path, { "without-exec": text.replace(/Match exec.*\n.*\n/, "") });
    const env = { PATH: process.env["PATH"], USER: "me" };
    for (const destination of destinations) {
      const asked = await readHostConfig(destination, { env, home: folder.path, configFile: withoutExec });
      const read = await readHostConfig(destination, { env: { ...env, PATH: "" }, home: folder.path, configFile });
      expect([asked.hasOpenSsh, read.hasOpenSsh]).toEqual([true, false]);
      expect({ destination, config: comparable(read.config) }).toEqual({
        destination,
        config: comparable(asked.config),
      });
    }
    await expect(access(mark)).rejects.toMatchObject({ code: "ENOENT" });
  });

  /** What ssh -G tells of defaults that the files do not name is its own. */
  function comparable(config: HostConfig): unknown {
    return { ...config, hostKeyAlgorithms: "any", allowsGssapi: "any", serverAliveCountMax: "any" };
  }

  test("that cannot be read is an error with what ssh says", async () => {
    await using folder = await temporaryDirectory();
    await writeFiles(folder.path, { config: "Bogus 1\n" });
    const options = {
      env: { PATH: process.env["PATH"], HOME: folder.path },
      configFile: path.join(folder.path, "config"),
    };
    await expect(connectSsh({ host: "h" }, options)).rejects.toMatchObject({
      code: "SSH_CONFIG_INVALID",
      message: expect.stringContaining("Bad configuration option: bogus") as string,
    });
  });

  test("that includes itself without end is an error", async () => {
    await using folder = await temporaryDirectory();
    const configFile = path.join(folder.path, "config");
    await writeFiles(folder.path, { config: `Include ${configFile}\n` });
    await expect(readHostConfig({ host: "h" }, { env: {}, home: folder.path, configFile })).rejects.toMatchObject({
      code: "SSH_CONFIG_INVALID",
    });
  });

  test("sends a connection over other hosts, whose keys are checked too", async () => {
    await using target = await openTestServer();
    await using jump = await openTestServer({ clientConfig: ["HostKeyAlias jump-alias"] });
    const jumpKey = (await readFile(jump.knownHosts, "utf8")).split(" ").slice(1).join(" ");
    const config = [
      "Host jump",
      "  HostName 127.0.0.1",
      `  Port ${jump.port}`,
      `  IdentityFile ${jump.identity}`,
      "Host far",
      "  HostName 127.0.0.1",
      `  Port ${target.port}`,
      `  IdentityFile ${target.identity}`,
      "  ProxyJump jump",
      "Host *",
      `  User ${target.user}`,
      "  IdentityAgent none",
      `  UserKnownHostsFile ${target.knownHosts}`,
      "  GlobalKnownHostsFile /dev/null",
    ];
    const configFile = path.join(target.folder, "jump_config");
    await writeFile(configFile, `${config.join("\n")}\n`);
    const options = { ...target.options, configFile, transport: "ssh2" as const };
    await expect(connectSsh({ host: "far" }, options)).rejects.toMatchObject({
      code: "SSH_HOST_UNKNOWN",
      message: expect.stringContaining(`[127.0.0.1]:${jump.port}`) as string,
    });
    const known = await readFile(target.knownHosts, "utf8");
    await writeFile(target.knownHosts, `${known}[127.0.0.1]:${jump.port} ${jumpKey}`);
    await using transport = await connectSsh({ host: "far" }, options);
    expect((await transport.exec(["true"])).exitCode).toBe(0);
    expect(await jump.log()).toContain("Accepted publickey");
  });

  test("sends a connection through a program", async () => {
    await using server = await openTestServer();
    const proxy = path.join(server.folder, "proxy.mjs");
    const script = `import { connect } from "node:net"; import { writeFileSync } from "node:fs";
      const [host, port, mark] = process.argv.slice(2); writeFileSync(mark, host);
      const socket = connect(Number(port), "127.0.0.1"); process.stdin.pipe(socket).pipe(process.stdout);`;
    const mark = path.join(server.folder, "mark");
    await writeFile(proxy, script);
    await chmod(proxy, 0o755);
    const command = `ProxyCommand ${process.execPath} ${proxy} %h %p ${mark}`;
    const configFile = path.join(server.folder, "proxy_config");
    const config = await readFile(server.configFile, "utf8");
    await writeFile(configFile, config.replace("HostName 127.0.0.1", `HostName 127.0.0.1\n  ${command}`));
    await using transport = await connectSsh(
      { host: "testhost" },
      { ...server.options, configFile, transport: "ssh2" },
    );
    expect([(await transport.exec(["true"])).exitCode, await readFile(mark, "utf8")]).toEqual([0, "127.0.0.1"]);
  });
});

test.each(["-oProxyCommand=x", "a b", "a;b", "$(x)", "", "a'b", "a\nb", "h\\"])(
  "%j is no host's name",
  async (host) => {
    await expect(connectSsh({ host }, { env: {} })).rejects.toMatchObject({ code: "SSH_CONFIG_INVALID" });
  },
);

test.each(["-lroot", "a;b", "$(x)", "", "a'b", "a\nb", "a -b", "a\\"])("%j is no user's name", async (user) => {
  await expect(connectSsh({ host: "h", user }, { env: {} })).rejects.toMatchObject({ code: "SSH_CONFIG_INVALID" });
});

test("a user may be of a domain", async () => {
  const options = { env: { PATH: process.env["PATH"] }, home: "/home/me", configFile: "/dev/null" };
  const { config } = await readHostConfig({ host: "h", user: "DOMAIN\\alice" }, options);
  expect(config.user).toBe("DOMAIN\\alice");
});

test.each([
  ["h", { host: "h" }],
  ["u@h:22", { host: "h", user: "u", port: 22 }],
  ["ssh://u@h:2222", { host: "h", user: "u", port: 2222 }],
  ["[::1]:22", { host: "::1", port: 22 }],
])("ProxyJump %s is one host", (text, destination) => {
  expect(parseJump(text)).toEqual(destination);
});

test("a ProxyJump without a host is an error", () => {
  expect(() => parseJump("u@:22")).toThrow(expect.objectContaining({ code: "SSH_CONFIG_INVALID" }) as Error);
});
