import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { chooseTransport } from "../src/index.ts";
import type { TransportFacts } from "../src/index.ts";
import { whyUnreadable } from "../src/key-format.ts";
import { hasSshd, keygen } from "./sshd.ts";

const plain: TransportFacts = {
  requested: "auto",
  hasOpenSsh: true,
  usesPkcs11: false,
  usesKnownHostsCommand: false,
  isKnownByAuthorityOnly: false,
  keys: [{ file: "/k" }],
};
const unreadable = { file: "/p8", unreadableBecause: "its format is PKCS#8" };

test.each<[string, Partial<TransportFacts>, string]>([
  ["nothing special", {}, "ssh2: nothing asks for OpenSSH"],
  ["asked for", { requested: "openssh" }, "openssh: it was asked for"],
  ["asked for against the facts", { requested: "ssh2", sharedConnection: "/s" }, "ssh2: it was asked for"],
  ["no ssh", { hasOpenSsh: false, usesPkcs11: true }, "ssh2: there is no ssh program here"],
  ["a shared connection", { sharedConnection: "/s" }, "openssh: a shared connection is open at /s"],
  ["a certificate", { certificateFile: "/c" }, "openssh: only OpenSSH can use the certificate /c"],
  ["PKCS#11", { usesPkcs11: true }, "openssh: ssh_config has a PKCS11Provider"],
  ["KnownHostsCommand", { usesKnownHostsCommand: true }, "openssh: ssh_config has a KnownHostsCommand"],
  ["an authority", { isKnownByAuthorityOnly: true }, "openssh: known_hosts trusts the host by a @cert-authority only"],
  [
    "a key only OpenSSH reads",
    { keys: [unreadable] },
    "openssh: only OpenSSH can use the key /p8: its format is PKCS#8",
  ],
  ["another key beside it", { keys: [unreadable, { file: "/k" }] }, "ssh2: nothing asks for OpenSSH"],
  ["no key at all", { keys: [] }, "ssh2: nothing asks for OpenSSH"],
  ["a failed login", { ssh2Failure: "SSH_AUTH_FAILED" }, "openssh: the login failed without it; OpenSSH has more ways"],
  ["an unknown host", { ssh2Failure: "SSH_HOST_UNKNOWN" }, "ssh2: nothing asks for OpenSSH"],
  ["a changed key", { ssh2Failure: "SSH_HOST_KEY_CHANGED" }, "ssh2: nothing asks for OpenSSH"],
  ["a revoked key", { ssh2Failure: "SSH_HOST_KEY_REVOKED" }, "ssh2: nothing asks for OpenSSH"],
])("chooses by the facts: %s", (_name, facts, expected) => {
  const { kind, why } = chooseTransport({ ...plain, ...facts });
  expect(`${kind}: ${why}`).toBe(expected);
});

test.skipIf(!hasSshd)("tells the private keys that ssh2 cannot read", async () => {
  await using folder = await temporaryDirectory();
  const file = (name: string) => path.join(folder.path, name);
  await keygen(file("ed25519"), "ed25519");
  await keygen(file("rsa"), "rsa", ["-m", "PEM"]);
  await keygen(file("pkcs8"), "rsa", ["-m", "PKCS8"]);
  const run = promisify(execFile);
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "secret", "-f", file("aes")]);
  const cipher = "chacha20-poly1305@openssh.com";
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-Z", cipher, "-N", "secret", "-f", file("chacha")]);
  const why = async (name: string) => whyUnreadable(await readFile(file(name), "latin1"));
  expect([await why("ed25519"), await why("rsa"), await why("aes"), await why("pkcs8"), await why("chacha")]).toEqual([
    undefined,
    undefined,
    undefined,
    "its format is PKCS#8",
    "it is encrypted with chacha20-poly1305",
  ]);
  expect(whyUnreadable(securityKey())).toBe("it is on a security key");
});

/** What `ssh-keygen -t ed25519-sk` writes, as far as it is read; no test has such a device. */
function securityKey(): string {
  const string = (text: string | Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(text));
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const one = Buffer.from([0, 0, 0, 1]);
  const key = string("sk-ssh-ed25519@openssh.com");
  const bytes = [Buffer.from("openssh-key-v1\0"), string("none"), string("none"), string(""), one, string(key)];
  const encoded = Buffer.concat(bytes).toString("base64");
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${encoded}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
