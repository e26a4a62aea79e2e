import { stripControlCharacters } from "@slipway/core";

import type { HostConfig } from "../config/host-config.ts";
import { SshError } from "../error.ts";

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed",
  EHOSTUNREACH: "there is no way to the host",
  ENETUNREACH: "there is no way to its network",
  ENOTFOUND: "there is no host of this name",
  EAI_AGAIN: "names cannot be looked up now",
  ETIMEDOUT: "there was no answer",
};

/** Why there is no connection, from what ssh2 says; undefined when it just closed. */
export function connectionError(cause: Error | undefined, { alias, hostName, port }: HostConfig): SshError {
  const code = cause && "code" in cause ? String(cause.code) : "";
  const said = cause && stripControlCharacters(cause.message);
  const reason = reasons[code] ?? said ?? "the connection was closed before the login was complete";
  const name = alias === hostName ? hostName : `${alias} (${hostName})`;
  return new SshError("SSH_UNREACHABLE", `Cannot connect to ${name} port ${port}: ${reason}`, {
    hint: `Check the name, the port, the network and the VPN; compare with: ssh -v ${alias}`,
    cause,
  });
}
