import { readFile, stat } from "node:fs/promises";

import ssh2 from "ssh2";
import type { ParsedKey } from "ssh2";

import { SshError } from "../error.ts";

/** A private key's file, as far as ssh2 can use it. */
export type Identity =
  | { readonly kind: "key"; readonly file: string; readonly key: ParsedKey }
  | { readonly kind: "encrypted"; readonly file: string; readonly text: Buffer; readonly publicKey?: Buffer }
  | { readonly kind: "unusable"; readonly file: string; readonly why: string; readonly publicKey?: Buffer };

/** Files that are not there are left out, but for one that was asked for by name. */
export async function readIdentities(files: readonly string[], required?: string): Promise<readonly Identity[]> {
  const identities = await Promise.all(files.map(readIdentity));
  const index = required === undefined ? -1 : files.indexOf(required);
  if (required !== undefined && identities[index] === undefined) {
    throw new SshError("SSH_CONFIG_INVALID", `There is no private key ${required}`, {
      hint: "Mend `identity`, or leave it out: ssh_config and the agent have keys too.",
    });
  }
  return identities.flatMap((identity) => identity ?? []);
}

async function readIdentity(file: string): Promise<Identity | undefined> {
  const text = await readIfThere(file);
  if (!text) return undefined;
  const publicKey = await readPublicKey(file);
  const { mode, uid } = await stat(file);
  if (uid === process.getuid?.() && (mode & 0o077) !== 0) {
    return { kind: "unusable", file, why: `others may read it: chmod 600 ${file}`, ...(publicKey && { publicKey }) };
  }
  const key = parsePrivateKey(text);
  if (!(key instanceof Error)) return { kind: "key", file, key };
  if (/no passphrase/i.test(key.message)) return { kind: "encrypted", file, text, ...(publicKey && { publicKey }) };
  return { kind: "unusable", file, why: key.message, ...(publicKey && { publicKey }) };
}

/** An Error for what is no key, or not one that ssh2 reads, or not with this passphrase. */
export function parsePrivateKey(text: Buffer, passphrase?: string): ParsedKey | Error {
  try {
    const parsed: ParsedKey | readonly ParsedKey[] | Error = ssh2.utils.parseKey(text, passphrase);
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    if (key instanceof Error) return new Error(key.message); // Without what else it may hold.
    return key.isPrivateKey() ? key : new Error("it is a public key");
  } catch (error) {
    return new Error(error instanceof Error ? error.message : String(error));
  }
}

/** Whether a passphrase is wrong, or nothing would help. */
export function isWrongPassphrase({ message }: Error): boolean {
  return /integrity|bad passphrase|bad decrypt|malformed/i.test(message);
}

/** The key beside the private one, which an agent may hold unlocked. */
async function readPublicKey(file: string): Promise<Buffer | undefined> {
  const text = await readIfThere(`${file}.pub`);
  const encoded = text?.toString("latin1").trim().split(/\s+/)[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64");
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch {
    return undefined; // Not there, a folder, not ours: ssh goes on without it too.
  }
}
