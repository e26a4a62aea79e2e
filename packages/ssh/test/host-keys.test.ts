import { execFile } from "node:child_process";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { temporaryDirectory } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { checkHostKey, connectSsh, fingerprint, parseKnownHosts } from "../src/index.ts";
import type { SshEvent } from "../src/index.ts";
import { isAboutHost, knownHostName } from "../src/known-hosts.ts";
import { hasSshd, keygen, openTestServer } from "./sshd.ts";

const run = promisify(execFile);

const ed25519 = keyOf("ssh-ed25519", "one");
const otherEd25519 = keyOf("ssh-ed25519", "two");
const rsa = keyOf("ssh-rsa", "three");

/** A blob with the form of a key; only its type and its bytes count here. */
function keyOf(type: string, content: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type + content)]);
}

function line(hosts: string, key: Buffer, type = "ssh-ed25519"): string {
  return `${hosts} ${type} ${key.toString("base64")} a comment`;
}

function verdictOf(lines: readonly string[], key: Buffer, host = "h.example.org", port = 22): string {
  const verdict = checkHostKey({ host, port, key }, parseKnownHosts(lines.join("\n"), "known_hosts"));
  return "entry" in verdict ? `${verdict.kind} by ${verdict.entry.file}:${verdict.entry.line}` : verdict.kind;
}

describe("a host's key", () => {
  test.each([
    ["plain", [line("h.example.org", ed25519)], "known"],
    ["one of several names", [line("other,h.example.org,10.0.0.1", ed25519)], "known"],
    ["upper case in the file", [line("H.Example.ORG", ed25519)], "known"],
    ["a wildcard", [line("*.example.org", ed25519)], "known"],
    ["one unknown letter", [line("?.example.org", ed25519)], "known"],
    ["a dot is no wildcard", [line("h-example.org", ed25519)], "unknown"],
    ["negated after it matched", [line("*.example.org,!h.example.org", ed25519)], "unknown"],
    ["negated alone", [line("!other", ed25519)], "unknown"],
    ["another host", [line("g.example.org", ed25519)], "unknown"],
    ["nothing known", [], "unknown"],
    ["another key of the type", [line("h.example.org", otherEd25519)], "changed by known_hosts:1"],
    ["another type only", [line("h.example.org", rsa, "ssh-rsa")], "changed by known_hosts:1"],
    [
      "several keys, this one among them",
      [line("h.example.org", otherEd25519), line("h.example.org", ed25519)],
      "known",
    ],
    ["revoked", [`@revoked ${line("*", ed25519)}`], "revoked by known_hosts:1"],
    [
      "revoked though listed",
      [line("h.example.org", ed25519), `@revoked ${line("*", ed25519)}`],
      "revoked by known_hosts:2",
    ],
    ["revoked elsewhere", [line("h.example.org", ed25519), `@revoked ${line("g", ed25519)}`], "known"],
    ["another key revoked", [`@revoked ${line("*", otherEd25519)}`], "unknown"],
    ["the authority's key is no host's", [`@cert-authority ${line("*", ed25519)}`], "unknown"],
    ["an unknown marker", [`@new-marker ${line("*", ed25519)}`], "unknown"],
    [
      "comments, blank and broken lines",
      ["# h", "", "h.example.org", "x ssh-rsa AAAA", line("h.example.org", ed25519)],
      "known",
    ],
    ["a type that the key does not name", [line("h.example.org", ed25519, "ssh-rsa")], "unknown"],
  ])("that known_hosts has as: %s", (_name, lines, expected) => {
    expect(verdictOf(lines, ed25519)).toBe(expected);
  });

  test("on another port is known by [host]:port, or for the host as a whole, and never changed by the latter", () => {
    const ask = (lines: readonly string[], key: Buffer) => verdictOf(lines, key, "h", 2222);
    expect([
      ask([line("[h]:2222", ed25519)], ed25519),
      ask([line("[h]:2222", otherEd25519)], ed25519),
      ask([line("[h]:*", ed25519)], ed25519),
      ask([line("h", ed25519)], ed25519),
      ask([line("h", otherEd25519)], ed25519),
      ask([line("[h]:2223", ed25519)], ed25519),
      verdictOf([line("[h]:2222", ed25519)], ed25519, "h", 22),
    ]).toEqual(["known", "changed by known_hosts:1", "known", "known", "unknown", "unknown", "unknown"]);
  });
});

test.skipIf(!hasSshd)("finds the lines that ssh-keygen -F finds, hashed or not", async () => {
  await using folder = await temporaryDirectory();
  const file = path.join(folder.path, "known_hosts");
  await keygen(path.join(folder.path, "key"), "ed25519");
  const key = (await readFile(`${path.join(folder.path, "key")}.pub`, "utf8")).trim();
  const patterns = ["h", "[h]:22", "[h]:2222", "*.example.org", "a,b", "!a,*", "10.0.0.?", "::1", "[::1]:2222", "H"];
  await writeFile(file, patterns.map((hosts) => `${hosts} ${key}\n`).join(""));
  await run("ssh-keygen", ["-H", "-f", file]); // Hashes what has no wildcard.
  const entries = parseKnownHosts(await readFile(file, "utf8"), file);
  expect(entries.some((entry) => entry.hosts.startsWith("|1|"))).toBe(true);

  const names = [
    "h",
    "[h]:2222",
    "[h]:22",
    "x.example.org",
    "a",
    "b",
    "c",
    "10.0.0.7",
    "10.0.0.70",
    "::1",
    "[::1]:2222",
  ];
  for (const name of names) {
    const { stdout } = await run("ssh-keygen", ["-F", name, "-f", file]).catch(() => ({ stdout: "" }));
    const found = [...stdout.matchAll(/line (\d+)/g)].map(([, number]) => Number(number));
    expect({ name, found: entries.filter((entry) => isAboutHost(entry, name)).map((entry) => entry.line) }).toEqual({
      name,
      found,
    });
  }
});

test("the name of a host in known_hosts has its port unless it is 22", () => {
  expect([knownHostName("H", 22), knownHostName("H", 2222)]).toEqual(["h", "[h]:2222"]);
});

test.skipIf(!hasSshd)("a fingerprint is the one that ssh-keygen prints", async () => {
  await using folder = await temporaryDirectory();
  const file = path.join(folder.path, "key");
  await keygen(file, "ecdsa");
  const key = Buffer.from((await readFile(`${file}.pub`, "utf8")).split(" ")[1] ?? "", "base64");
  expect((await run("ssh-keygen", ["-l", "-f", `${file}.pub`])).stdout.split(" ")[1]).toBe(fingerprint(key));
});

describe.skipIf(!hasSshd).each(["ssh2", "openssh"] as const)("over %s, a live sshd", (transport) => {
  async function codeOf(server: Awaited<ReturnType<typeof openTestServer>>, more = {}): Promise<string> {
    try {
      await using connected = await connectSsh({ host: "testhost" }, { ...server.options, transport, ...more });
      return `exit ${(await connected.exec(["true"])).exitCode}`;
    } catch (error) {
      return error instanceof Error && "code" in error ? String(error.code) : `not ours: ${String(error)}`;
    }
  }

  test("that is unknown is refused, and nothing is written", async () => {
    await using server = await openTestServer();
    await writeFile(server.knownHosts, "");
    expect(await codeOf(server)).toBe("SSH_HOST_UNKNOWN");
    expect(await readFile(server.knownHosts, "utf8")).toBe("");
  });

  test("that is unknown is added where that was asked for, once, so that the next connection knows it", async () => {
    await using server = await openTestServer();
    const before = await readFile(server.knownHosts, "utf8");
    // OpenSSH would append its line to the last one where that has no newline.
    await writeFile(server.knownHosts, transport === "ssh2" ? "# no newline at the end" : "# a comment\n");
    expect(await codeOf(server, { acceptNew: true })).toBe("exit 0");
    expect(await codeOf(server)).toBe("exit 0");
    const [, ...added] = (await readFile(server.knownHosts, "utf8")).split("\n");
    expect(added).toEqual([before.split(" ").slice(0, 3).join(" "), ""]);
  });

  test("whose key has changed is refused, also where new ones are accepted", async () => {
    await using server = await openTestServer();
    await keygen(path.join(server.folder, "another"), "ed25519");
    const key = await readFile(path.join(server.folder, "another.pub"), "utf8");
    await writeFile(server.knownHosts, `[127.0.0.1]:${server.port} ${key}`);
    expect(await codeOf(server, { acceptNew: true })).toBe("SSH_HOST_KEY_CHANGED");
  });

  test("whose key is revoked is refused", async () => {
    await using server = await openTestServer();
    const key = await readFile(path.join(server.folder, "host_ed25519.pub"), "utf8");
    await appendFile(server.knownHosts, `@revoked * ${key}`);
    expect(await codeOf(server, { acceptNew: true })).toBe("SSH_HOST_KEY_REVOKED");
  });

  test("with several keys is known by any of them", async () => {
    await using server = await openTestServer({ hostKeyTypes: ["ed25519", "ecdsa", "rsa"] });
    const lines = (await readFile(server.knownHosts, "utf8")).trim().split("\n");
    for (const known of lines) {
      await writeFile(server.knownHosts, `${known}\n`);
      expect([known.split(" ")[1], await codeOf(server)]).toEqual([known.split(" ")[1], "exit 0"]);
    }
  });
});

test.skipIf(!hasSshd)("a refusal shows the fingerprint, the place and the command that mends it", async () => {
  await using server = await openTestServer();
  const options = { ...server.options, transport: "ssh2" as const };
  const key = await readFile(path.join(server.folder, "host_ed25519.pub"), "utf8");
  const shown = fingerprint(Buffer.from(key.split(" ")[1] ?? "", "base64"));
  const name = `[127.0.0.1]:${server.port}`;
  await writeFile(server.knownHosts, "");
  await expect(connectSsh({ host: "testhost" }, options)).rejects.toMatchObject({
    message: `The host key of ${name} is not known: ssh-ed25519 ${shown}`,
    hint: expect.stringContaining(`ssh -p ${server.port} -l ${server.user} testhost`) as string,
  });
  await keygen(path.join(server.folder, "another"), "ed25519");
  const other = await readFile(path.join(server.folder, "another.pub"), "utf8");
  await writeFile(server.knownHosts, `\n${name} ${other}`);
  await expect(connectSsh({ host: "testhost" }, options)).rejects.toMatchObject({
    message: `The host key of ${name} is not the one in ${server.knownHosts}:2: the host shows ssh-ed25519 ${shown}`,
    hint: expect.stringContaining(`ssh-keygen -f ${server.knownHosts} -R '${name}'`) as string,
  });
  await run("ssh-keygen", ["-f", server.knownHosts, "-R", name]);
  await expect(connectSsh({ host: "testhost" }, options)).rejects.toMatchObject({ code: "SSH_HOST_UNKNOWN" });
});

test.skipIf(!hasSshd)("a new key is hashed where ssh_config says so, and told in an event", async () => {
  await using server = await openTestServer({ clientConfig: ["HashKnownHosts yes"] });
  await writeFile(server.knownHosts, "");
  const events: SshEvent[] = [];
  const onEvent = (event: SshEvent) => void events.push(event);
  const options = { ...server.options, transport: "ssh2" as const, onEvent };
  await using transport = await connectSsh({ host: "testhost" }, { ...options, acceptNew: true });
  const key = await readFile(path.join(server.folder, "host_ed25519.pub"), "utf8");
  expect({
    events: events.filter((event) => event.type === "ssh.host-key-added"),
    start: (await readFile(server.knownHosts, "utf8")).slice(0, 3),
    found: (await run("ssh-keygen", ["-F", `[127.0.0.1]:${server.port}`, "-f", server.knownHosts])).stdout !== "",
    host: transport.host,
  }).toEqual({
    events: [
      {
        type: "ssh.host-key-added",
        host: "testhost",
        fingerprint: fingerprint(Buffer.from(key.split(" ")[1] ?? "", "base64")),
        file: server.knownHosts,
      },
    ],
    start: "|1|",
    found: true,
    host: "testhost",
  });
});

test.skipIf(!hasSshd)("a host that only a certificate authority vouches for is reached by OpenSSH", async () => {
  await using server = await openTestServer();
  const file = (name: string) => path.join(server.folder, name);
  await keygen(file("ca"), "ed25519");
  await run("ssh-keygen", ["-q", "-s", file("ca"), "-I", "host", "-h", "-n", "127.0.0.1", file("host_ed25519.pub")]);
  await using certified = await openTestServer({
    config: [`HostKey ${file("host_ed25519")}`, `HostCertificate ${file("host_ed25519-cert.pub")}`],
  });
  await writeFile(certified.knownHosts, `@cert-authority [127.0.0.1]:* ${await readFile(file("ca.pub"), "utf8")}`);
  await using transport = await connectSsh({ host: "testhost" }, certified.options);
  expect([transport.kind, transport.why, (await transport.exec(["true"])).exitCode]).toEqual([
    "openssh",
    "known_hosts trusts the host by a @cert-authority only",
    0,
  ]);
});
