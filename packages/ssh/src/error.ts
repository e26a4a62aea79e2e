import { SlipwayError } from "@slipway/core";

export type SshErrorCode =
  | "SSH_HOST_UNKNOWN"
  | "SSH_HOST_KEY_CHANGED"
  | "SSH_HOST_KEY_REVOKED"
  | "SSH_AUTH_FAILED"
  | "SSH_KEY_UNSUPPORTED"
  | "SSH_UNREACHABLE"
  | "SSH_TIMED_OUT"
  | "SSH_CONNECTION_LOST"
  | "SSH_CHANNEL_REFUSED"
  | "SSH_COMMAND_NOT_STARTED"
  | "SSH_COMMAND_TOO_LONG"
  | "SSH_CONFIG_INVALID"
  | "SSH_CONTROL_UNSAFE"
  | "SSH_OPENSSH_MISSING"
  | "SSH_CLOSED";

/** Never holds a password, a passphrase or an answer. */
export class SshError extends SlipwayError<SshErrorCode> {}

/** Whether the server takes no more commands for now. */
export function isRefused(error: unknown): boolean {
  return error instanceof SshError && error.code === "SSH_CHANNEL_REFUSED";
}
