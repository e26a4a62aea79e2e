import { spawn } from "node:child_process";
import { Duplex } from "node:stream";

import type { Client } from "ssh2";

import type { HostConfig } from "../config/host-config.ts";
import type { SshDestination } from "../destination.ts";
import { SshError } from "../error.ts";
import type { Link } from "../link.ts";
import { connectClient } from "./client.ts";
import type { ClientOptions } from "./client.ts";
import { parseJump } from "./jump.ts";
import { createSsh2Link } from "./link.ts";

export interface Ssh2ConnectOptions extends Omit<ClientOptions, "socket"> {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** ssh_config's word on a host on the way. */
  readonly readConfig: (hop: SshDestination) => Promise<HostConfig>;
}

/** Connects, over other hosts or through a program where ssh_config says so, and checks the key of each host on the way. */
export async function connectWithSsh2(options: Ssh2ConnectOptions): Promise<Link> {
  const route: Route = { hosts: [], closers: [] };
  const close = async () => {
    for (const closer of route.closers.splice(0).toReversed()) closer();
  };
  try {
    const socket = await openRoute(options, route);
    const connected = await connectClient({ ...options, socket });
    return createSsh2Link(connected, { host: options.config.alias, closeRoute: close });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Route {
  readonly hosts: string[];
  readonly closers: (() => void)[];
}

const hopLimit = 8;

async function openRoute(options: Ssh2ConnectOptions, route: Route): Promise<Duplex | undefined> {
  const { config, env } = options;
  if (config.proxyCommand !== undefined) return openProxyCommand(config.proxyCommand, env, route);
  let last: Client | undefined;
  for (const [index, text] of config.proxyJump.entries()) {
    const jump = await options.readConfig(parseJump(text));
    route.hosts.push(jump.alias);
    if (route.hosts.length > hopLimit) {
      throw new SshError("SSH_CONFIG_INVALID", `ProxyJump goes over too many hosts: ${route.hosts.join(", ")}`, {
        hint: "A host may be its own ProxyJump: exclude it with `Host * !jump`.",
      });
    }
    const hop: Ssh2ConnectOptions = { ...options, config: jump, requiredIdentity: undefined };
    // Only the nearest host is reached in its own way; the others are reached over the one before.
    const socket = last ? await forward(last, jump) : index === 0 ? await openRoute(hop, route) : undefined;
    const { client } = await connectClient({ ...hop, socket });
    route.closers.push(() => client.destroy());
    last = client;
  }
  return last && forward(last, config);
}

function forward(client: Client, { hostName, port }: HostConfig): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    client.forwardOut("127.0.0.1", 0, hostName, port, (error, channel) => {
      if (!error) return resolve(channel);
      reject(
        new SshError("SSH_UNREACHABLE", `The host on the way cannot reach ${hostName} port ${port}`, {
          hint: "Check ProxyJump in ssh_config; the host on the way may not allow forwarding.",
          cause: error,
        }),
      );
    });
  });
}

function openProxyCommand(command: string, env: Ssh2ConnectOptions["env"], route: Route): Duplex {
  const child = spawn("/bin/sh", ["-c", `exec ${command}`], { env: { ...env }, stdio: ["pipe", "pipe", "ignore"] });
  child.on("error", () => {}); // Its output ends, which tells.
  child.stdin.on("error", () => {});
  route.closers.push(() => child.kill());
  return Duplex.from({ readable: child.stdout, writable: child.stdin });
}
