import { quoteCommand } from "@slipway/core";

import type { HostConfig } from "../config/host-config.ts";
import { SshError } from "../error.ts";
import type { SshErrorCode } from "../error.ts";
import { knownHostName } from "../known-hosts.ts";

/** What ssh says (of OpenSSH 7 to 9), and what it means; the first that fits counts. */
const meanings: readonly (readonly [RegExp, SshErrorCode])[] = [
  [/revoked/i, "SSH_HOST_KEY_REVOKED"],
  [/IDENTIFICATION HAS CHANGED|host key for .* has changed/i, "SSH_HOST_KEY_CHANGED"],
  [/host key is known for|host key verification failed/i, "SSH_HOST_UNKNOWN"],
  [/permission denied|too many authentication failures|no more authentication methods/i, "SSH_AUTH_FAILED"],
  [/timed out/i, "SSH_TIMED_OUT"],
  [/bad configuration option|no such identity|bad owner or permissions/i, "SSH_CONFIG_INVALID"],
];

/** Why `ssh` gave no connection. */
export function openSshFailure(
  said: string,
  { alias, user, port, hostKeyName, knownHostsFiles }: HostConfig,
): SshError {
  const code = meanings.find(([pattern]) => pattern.test(said))?.[1] ?? "SSH_UNREACHABLE";
  const name = knownHostName(hostKeyName, port);
  const compare = `Compare with: ${quoteCommand(["ssh", "-v", alias])}`;
  const hints: Partial<Record<SshErrorCode, string>> = {
    SSH_HOST_KEY_REVOKED: "Do not log in. Ask the host's administrators for its new key.",
    SSH_HOST_KEY_CHANGED: `Somebody may be in between. If the change is expected: ${quoteCommand([
      "ssh-keygen",
      "-f",
      knownHostsFiles[0] ?? "known_hosts",
      "-R",
      name,
    ])}`,
    SSH_HOST_UNKNOWN: `Compare its fingerprint with what its administrators publish, and accept it once with: ${quoteCommand(
      ["ssh", "-p", String(port), "-l", user, alias],
    )}`,
    SSH_AUTH_FAILED: `If it asks for more than a key, log in once on a terminal. ${compare}`,
  };
  const lastLine = said.split("\n").findLast((line) => line.trim() !== "") ?? "it said nothing";
  return new SshError(code, `ssh cannot log in to ${alias}: ${lastLine.trim()}`, {
    hint: hints[code] ?? compare,
    details: { output: said, ...(code === "SSH_AUTH_FAILED" && { accepted: acceptedMethods(said) }) },
  });
}

/** `Permission denied (publickey,keyboard-interactive).` */
function acceptedMethods(said: string): readonly string[] {
  return /permission denied \(([a-z0-9,-]+)\)/i.exec(said)?.[1]?.split(",") ?? [];
}
