import type { SshDestination } from "../destination.ts";
import { SshError } from "../error.ts";

/** One host of ProxyJump: `[user@]host[:port]` or `ssh://[user@]host[:port]`, an IPv6 address in brackets. */
export function parseJump(text: string): SshDestination {
  const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:@[\]]+))(?::(\d+))?\/?$/.exec(text.trim());
  const host = match?.[2] ?? match?.[3];
  if (!match || host === undefined) {
    throw new SshError("SSH_CONFIG_INVALID", `ProxyJump names no host: ${JSON.stringify(text)}`, {
      hint: "Write [user@]host[:port], several separated by commas.",
    });
  }
  const [, user, , , port] = match;
  return { host, ...(user !== undefined && { user }), ...(port !== undefined && { port: Number(port) }) };
}
