import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { connectSsh, login, logout } from "../src/index.ts";
import { runOpenSsh } from "../src/openssh/run.ts";
import { openFakeServer } from "./fake-server.ts";
import { hasSshd, killSession, openTestServer } from "./sshd.ts";

const host = { host: "testhost" };

describe.skipIf(!hasSshd)("a shared connection", () => {
  test("is opened once, is used by all, outlives them, and is closed by logout", async () => {
    await using server = await openTestServer();
    const first = await login(host, server.options);
    const second = await login(host, server.options);
    const folder = await stat(server.controlDirectory);
    const why: string[] = [];
    for (let count = 0; count < 2; count++) {
      await using transport = await connectSsh(host, server.options);
      expect((await transport.exec(["true"])).exitCode).toBe(0);
      why.push(`${transport.kind}: ${transport.why}`);
    }
    const logins = (await server.log()).split("Accepted publickey").length - 1;
    const closed = [await logout(host, server.options), await logout(host, server.options)];
    await using after = await connectSsh(host, server.options);
    expect([first.isNew, second, folder.mode & 0o777, why, logins, closed, after.kind]).toEqual([
      true,
      { controlPath: first.controlPath, isNew: false },
      0o700,
      Array.from({ length: 2 }, () => `openssh: a shared connection is open at ${first.controlPath}`),
      1,
      [true, false],
      "ssh2",
    ]);
  });

  test("asks for the second factor once, and no command after it asks again", async () => {
    await using server = await openFakeServer({ secondFactor: "123456", prompt: "Code: " });
    // Where there is no terminal ssh asks this program; each time it adds a line.
    const asked = path.join(path.dirname(server.identity), "asked");
    const askpass = `${asked}-program`;
    await writeFile(askpass, `#!/bin/sh\necho "$1" >>${asked}\necho 123456\n`);
    await chmod(askpass, 0o755);
    const env = { ...server.options.env, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force" };
    await login(host, { ...server.options, env });
    for (let count = 0; count < 3; count++) {
      await using transport = await connectSsh(host, server.options);
      await Promise.all([transport.exec(["true"]), transport.exec(["true"])]);
    }
    expect([(await readFile(asked, "utf8")).split("Code: ").length - 1, server.connections()]).toEqual([1, 1]);
    await logout(host, server.options);
  });

  test("that the user's own ssh_config keeps is used too, and not closed", async () => {
    await using server = await openTestServer({ clientConfig: ["ControlPath ~/own"] });
    const controlPath = path.join(server.folder, "own");
    const base = ["-F", server.configFile, "-S", controlPath];
    await runOpenSsh([...base, "-M", "-N", "-f", "testhost"], { env: server.env });
    const config = await readFile(server.configFile, "utf8");
    await writeFile(server.configFile, config.replace("~/own", controlPath));
    {
      await using transport = await connectSsh(host, server.options);
      expect([transport.kind, transport.why, (await transport.exec(["true"])).exitCode]).toEqual([
        "openssh",
        `a shared connection is open at ${controlPath}`,
        0,
      ]);
    }
    expect((await runOpenSsh([...base, "-O", "exit", "testhost"], { env: server.env })).exitCode).toBe(0);
  });

  test("that has died is not used: a new one is made", async () => {
    await using server = await openTestServer();
    await login(host, server.options);
    {
      await using transport = await connectSsh(host, server.options);
      await killSession(transport);
      expect((await transport.exec(["true"])).exitCode).toBe(0);
    }
    expect(await logout(host, server.options)).toBe(false);
  });

  test("is refused a folder that others may use", async () => {
    await using server = await openTestServer();
    await mkdir(server.controlDirectory);
    await chmod(server.controlDirectory, 0o755);
    await expect(login(host, server.options)).rejects.toMatchObject({
      code: "SSH_CONTROL_UNSAFE",
      hint: `It must be a folder of yours: chmod 700 ${server.controlDirectory}`,
    });
  });

  test("is refused a folder whose path no socket can have", async () => {
    await using server = await openTestServer();
    const controlDirectory = path.join(server.folder, "x".repeat(100));
    await expect(login(host, { ...server.options, controlDirectory })).rejects.toMatchObject({
      code: "SSH_CONTROL_UNSAFE",
    });
  });

  test("needs OpenSSH", async () => {
    await using server = await openTestServer();
    const options = { ...server.options, env: { ...server.env, PATH: "" } };
    await expect(login(host, options)).rejects.toMatchObject({ code: "SSH_OPENSSH_MISSING" });
  });
});
