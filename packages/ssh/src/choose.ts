import type { TransportKind } from "./destination.ts";
import type { SshErrorCode } from "./error.ts";

/** What decides between our own SSH (ssh2) and the system's OpenSSH. */
export interface TransportFacts {
  readonly requested: TransportKind | "auto";
  readonly hasOpenSsh: boolean;
  /** The socket of a shared connection that is open. */
  readonly sharedConnection?: string | undefined;
  /** A certificate of the user's that is there. */
  readonly certificateFile?: string | undefined;
  readonly usesPkcs11: boolean;
  readonly usesKnownHostsCommand: boolean;
  /** known_hosts trusts the host by a certificate authority and by nothing else. */
  readonly isKnownByAuthorityOnly: boolean;
  /** The private keys that are there, with what keeps ssh2 from reading them. */
  readonly keys: readonly { readonly file: string; readonly unreadableBecause?: string }[];
  /** How ssh2 failed, when it was tried already. */
  readonly ssh2Failure?: SshErrorCode | undefined;
}

export interface TransportChoice {
  readonly kind: TransportKind;
  /** In words, for people. */
  readonly why: string;
}

/** Pure. Falls back to OpenSSH after a failed login, and never because of a host key. */
export function chooseTransport(facts: TransportFacts): TransportChoice {
  if (facts.requested !== "auto") return { kind: facts.requested, why: "it was asked for" };
  if (!facts.hasOpenSsh) return { kind: "ssh2", why: "there is no ssh program here" };
  const reason = reasonForOpenSsh(facts);
  return reason === undefined ? { kind: "ssh2", why: "nothing asks for OpenSSH" } : { kind: "openssh", why: reason };
}

function reasonForOpenSsh(facts: TransportFacts): string | undefined {
  const { sharedConnection, certificateFile, keys, ssh2Failure } = facts;
  if (sharedConnection !== undefined) return `a shared connection is open at ${sharedConnection}`;
  if (certificateFile !== undefined) return `only OpenSSH can use the certificate ${certificateFile}`;
  if (facts.usesPkcs11) return "ssh_config has a PKCS11Provider";
  if (facts.usesKnownHostsCommand) return "ssh_config has a KnownHostsCommand";
  if (facts.isKnownByAuthorityOnly) return "known_hosts trusts the host by a @cert-authority only";
  const unreadable = keys.find((key) => key.unreadableBecause !== undefined);
  if (unreadable && keys.every((key) => key.unreadableBecause !== undefined)) {
    return `only OpenSSH can use the key ${unreadable.file}: ${unreadable.unreadableBecause}`;
  }
  if (ssh2Failure === "SSH_AUTH_FAILED" || ssh2Failure === "SSH_KEY_UNSUPPORTED") {
    return "the login failed without it; OpenSSH has more ways";
  }
  return undefined;
}
