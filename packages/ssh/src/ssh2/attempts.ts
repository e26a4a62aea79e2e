import type { ParsedKey } from "ssh2";

import type { HostConfig } from "../config/host-config.ts";
import type { Identity } from "./identities.ts";

/** One way to log in. */
export type Attempt =
  | { readonly kind: "agent"; readonly keys: readonly ParsedKey[] }
  | { readonly kind: "key"; readonly file: string; readonly key: ParsedKey }
  | { readonly kind: "encrypted"; readonly file: string; readonly text: Buffer }
  | { readonly kind: "keyboard-interactive" }
  | { readonly kind: "password" };

export interface AttemptFacts {
  readonly config: HostConfig;
  readonly identities: readonly Identity[];
  readonly agentKeys: readonly ParsedKey[];
  readonly canAsk: boolean;
}

const questionTries = 3;

/**
 * In which order to log in: the keys that the user named come before an agent's others, because a server closes the
 * connection after a few (MaxAuthTries of sshd is 6), and what needs a person comes last.
 */
export function planAttempts({ config, identities, agentKeys, canAsk }: AttemptFacts): readonly Attempt[] {
  const named = identities.flatMap((identity) => publicKeyOf(identity) ?? []);
  const isNamed = (key: ParsedKey) => named.some((other) => other.equals(key.getPublicSSH()));
  const namedInAgent = agentKeys.filter(isNamed);
  const othersInAgent = config.identitiesOnly ? [] : agentKeys.filter((key) => !isNamed(key));
  const notInAgent = identities.filter((identity) => {
    const publicKey = publicKeyOf(identity);
    return !publicKey || !namedInAgent.some((key) => publicKey.equals(key.getPublicSSH()));
  });
  const keys: readonly Attempt[] = [
    ...agentAttempt(namedInAgent),
    ...notInAgent.filter((identity) => identity.kind === "key"),
    ...agentAttempt(othersInAgent),
    ...(canAsk ? notInAgent.filter((identity) => identity.kind === "encrypted") : []),
  ];
  const tries = canAsk ? Array.from({ length: questionTries }) : [];
  return [
    ...(config.allowsPublicKey ? keys : []),
    ...(config.allowsKeyboardInteractive ? tries.map(() => ({ kind: "keyboard-interactive" as const })) : []),
    ...(config.allowsPassword ? tries.map(() => ({ kind: "password" as const })) : []),
  ];
}

/** The method's name on the wire (RFC 4252). */
export function methodOf({ kind }: Attempt): "publickey" | "keyboard-interactive" | "password" {
  return kind === "keyboard-interactive" || kind === "password" ? kind : "publickey";
}

function agentAttempt(keys: readonly ParsedKey[]): readonly Attempt[] {
  return keys.length > 0 ? [{ kind: "agent", keys }] : [];
}

function publicKeyOf(identity: Identity): Buffer | undefined {
  return identity.kind === "key" ? identity.key.getPublicSSH() : identity.publicKey;
}
