import { appendFile, readFile } from "node:fs/promises";
import path from "node:path";

import { makeFolder, quoteCommand } from "@slipway/core";
import type { EventListener } from "@slipway/core";

import type { HostConfig } from "./config/host-config.ts";
import { SshError } from "./error.ts";
import type { SshEvent } from "./event.ts";
import { checkHostKey, fingerprint } from "./host-key.ts";
import type { HostKeyVerdict } from "./host-key.ts";
import { hashHostName, keyTypeOf, knownHostName, parseKnownHosts } from "./known-hosts.ts";
import type { KnownHost } from "./known-hosts.ts";

export interface TrustOptions {
  readonly config: HostConfig;
  readonly knownHosts: readonly KnownHost[];
  readonly acceptNew: boolean;
  readonly onEvent?: EventListener<SshEvent> | undefined;
}

/** Files that are not there hold nothing. */
export async function readKnownHosts(files: readonly string[]): Promise<readonly KnownHost[]> {
  const texts = await Promise.all(files.map(async (file) => parseKnownHosts(await readIfThere(file), file)));
  return texts.flat();
}

/** Rejects unless the key may be trusted; adds a new host's key to known_hosts where that was asked for. */
export async function trustHostKey(key: Uint8Array, options: TrustOptions): Promise<void> {
  const { config, knownHosts, acceptNew, onEvent } = options;
  const verdict = checkHostKey({ host: config.hostKeyName, port: config.port, key }, knownHosts);
  if (verdict.kind === "known") return;
  const file = config.knownHostsFiles[0];
  if (verdict.kind !== "unknown" || !acceptNew || file === undefined) throw refusal(verdict, key, config);
  await addKnownHost(file, key, config);
  onEvent?.({ type: "ssh.host-key-added", host: config.alias, fingerprint: fingerprint(key), file });
}

function refusal(verdict: Exclude<HostKeyVerdict, { kind: "known" }>, key: Uint8Array, config: HostConfig): SshError {
  const { hostKeyName, port, alias, user } = config;
  const name = knownHostName(hostKeyName, port);
  const shown = `${keyTypeOf(key) ?? "a key"} ${fingerprint(key)}`;
  const details = { host: name, keyType: keyTypeOf(key), fingerprint: fingerprint(key) };
  switch (verdict.kind) {
    case "unknown": {
      const login = quoteCommand(["ssh", "-p", String(port), "-l", user, alias]);
      return new SshError("SSH_HOST_UNKNOWN", `The host key of ${name} is not known: ${shown}`, {
        hint: `Compare it with the fingerprint that the host's administrators publish, then accept it once with: ${login}`,
        details,
      });
    }
    case "changed": {
      const { file, line } = verdict.entry;
      const message = `The host key of ${name} is not the one in ${file}:${line}: the host shows ${shown}`;
      return new SshError("SSH_HOST_KEY_CHANGED", message, {
        hint: `Somebody may be in between. If the change is expected: ${quoteCommand(["ssh-keygen", "-f", file, "-R", name])}`,
        details: { ...details, file, line },
      });
    }
    case "revoked": {
      const { file, line } = verdict.entry;
      return new SshError("SSH_HOST_KEY_REVOKED", `The host key of ${name} is revoked in ${file}:${line}: ${shown}`, {
        hint: "Do not log in. Ask the host's administrators for its new key.",
        details: { ...details, file, line },
      });
    }
  }
}

async function addKnownHost(file: string, key: Uint8Array, { hostKeyName, port, hashKnownHosts }: HostConfig) {
  const name = knownHostName(hostKeyName, port);
  const line = `${hashKnownHosts ? hashHostName(name) : name} ${keyTypeOf(key)} ${Buffer.from(key).toString("base64")}\n`;
  const text = await readIfThere(file);
  try {
    makeFolder(path.dirname(file), { mode: 0o700 });
    // In one write, so that others who append at the same time do not come in between.
    await appendFile(file, text === "" || text.endsWith("\n") ? line : `\n${line}`, { mode: 0o600 });
  } catch (cause) {
    throw new SshError("SSH_CONFIG_INVALID", `Cannot add the host key of ${name} to ${file}`, {
      hint: "Make the file writable: a key that is not kept cannot be checked the next time.",
      cause,
    });
  }
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return "";
    throw new SshError("SSH_CONFIG_INVALID", `Cannot read ${file}`, {
      hint: "Without it no host key can be checked.",
      cause: error,
    });
  }
}
