import { systemClock } from "@slipway/core";

import { readHostConfig } from "./config/read.ts";
import type { SshDestination, SshOptions } from "./destination.ts";
import type { Link } from "./link.ts";
import { createSshTransport } from "./transport.ts";
import type { SshTransport } from "./transport.ts";

const connectTimeoutMs = 20_000;

/** Connects and logs in to a host as ssh would, and gives it as a transport. Whoever connects, disposes. */
export async function connectSsh(destination: SshDestination, options: SshOptions): Promise<SshTransport> {
  const { clock = systemClock, signal, onEvent, preCommand } = options;
  signal?.throwIfAborted();
  const { config } = await readHostConfig(destination, options);
  const ask = rememberAnswers(options.ask);
  const connect = async (connectSignal: AbortSignal): Promise<Link> => {
    const { connectWithSsh2 } = await import("./ssh2/connect.ts");
    return connectWithSsh2({
      config,
      requiredIdentity: destination.identityFile === undefined ? undefined : config.identityFiles[0],
      acceptNew: options.acceptNew === true,
      connectTimeoutMs: options.connectTimeoutMs ?? config.connectTimeoutMs ?? connectTimeoutMs,
      ask: ask && ((question) => ask(question, connectSignal)),
      clock,
      signal: connectSignal,
      onEvent,
      env: options.env,
      readConfig: async (hop) => (await readHostConfig(hop, options)).config,
    });
  };
  const link = await connect(signal ?? new AbortController().signal);
  onEvent?.({ type: "ssh.connected", host: destination.host, kind: link.kind });
  return createSshTransport(link, {
    host: destination.host,
    kind: link.kind,
    why: "",
    preCommand,
    clock,
    onEvent,
    connect,
  });
}

function rememberAnswers(ask: SshOptions["ask"]): SshOptions["ask"] {
  return ask;
}
