import { createHash } from "node:crypto";

import { isAboutHost, keyTypeOf, knownHostName } from "./known-hosts.ts";
import type { KnownHost } from "./known-hosts.ts";

export interface HostKeyQuestion {
  /** The name that is looked up: HostKeyAlias, or the host's name after ssh_config. */
  readonly host: string;
  readonly port: number;
  /** The key that the server has proved to hold. */
  readonly key: Uint8Array;
}

export type HostKeyVerdict =
  | { readonly kind: "known" }
  | { readonly kind: "unknown" }
  /** Other keys of this host are known, and not this one. */
  | { readonly kind: "changed"; readonly entry: KnownHost }
  | { readonly kind: "revoked"; readonly entry: KnownHost };

/**
 * What known_hosts says of a server's key. A host known by keys of other types only counts as changed: its own types are
 * asked for first (see `knownKeyTypes`), so a server that shows another one has lost them.
 */
export function checkHostKey({ host, port, key }: HostKeyQuestion, knownHosts: readonly KnownHost[]): HostKeyVerdict {
  const verdict = judge(knownHostName(host, port), key, knownHosts);
  if (verdict.kind !== "unknown" || port === 22) return verdict;
  // As ssh does: a key that is known for the host counts on its other ports too, but can only speak for it.
  const withoutPort = judge(knownHostName(host, 22), key, knownHosts);
  return withoutPort.kind === "changed" ? verdict : withoutPort;
}

function judge(name: string, key: Uint8Array, knownHosts: readonly KnownHost[]): HostKeyVerdict {
  const entries = knownHosts.filter((entry) => entry.marker !== "cert-authority" && isAboutHost(entry, name));
  const same = entries.filter((entry) => Buffer.compare(entry.key, key) === 0);
  const revoked = same.find((entry) => entry.marker === "revoked");
  if (revoked) return { kind: "revoked", entry: revoked };
  if (same.length > 0) return { kind: "known" };
  const others = entries.filter((entry) => entry.marker === undefined);
  const changed = others.find((entry) => entry.keyType === keyTypeOf(key)) ?? others[0];
  return changed ? { kind: "changed", entry: changed } : { kind: "unknown" };
}

/** The key types by which a host is known; to be asked for first, or a server with several keys shows one that is not. */
export function knownKeyTypes(host: string, port: number, knownHosts: readonly KnownHost[]): readonly string[] {
  const typesOf = (name: string) =>
    knownHosts.filter((entry) => entry.marker === undefined && isAboutHost(entry, name)).map((entry) => entry.keyType);
  const types = typesOf(knownHostName(host, port));
  return [...new Set(types.length > 0 ? types : typesOf(knownHostName(host, 22)))];
}

/** Whether certificates are the only way to trust this host. */
export function isKnownByAuthorityOnly(host: string, port: number, knownHosts: readonly KnownHost[]): boolean {
  if (knownKeyTypes(host, port, knownHosts).length > 0) return false;
  const names = [knownHostName(host, port), knownHostName(host, 22)];
  return knownHosts.some(
    (entry) => entry.marker === "cert-authority" && names.some((name) => isAboutHost(entry, name)),
  );
}

/** As `ssh-keygen -l` prints it: `SHA256:…`. */
export function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}
