import { systemClock } from "@slipway/core";

import { createAnswers } from "./answers.ts";
import { chooseTransport } from "./choose.ts";
import type { TransportChoice } from "./choose.ts";
import type { HostConfig } from "./config/host-config.ts";
import { readHostConfig } from "./config/read.ts";
import type { SshDestination, SshOptions, TransportKind } from "./destination.ts";
import { SshError } from "./error.ts";
import { gatherTransportFacts } from "./facts.ts";
import type { Link } from "./link.ts";
import { createSshTransport } from "./transport.ts";
import type { SshTransport } from "./transport.ts";

const defaultConnectTimeoutMs = 20_000;

/**
 * Connects and logs in to a host as ssh would, and gives it as a transport. Whoever connects, disposes. A connection that
 * is lost later is opened again by the next command.
 */
export async function connectSsh(destination: SshDestination, options: SshOptions): Promise<SshTransport> {
  const { clock = systemClock, onEvent, preCommand } = options;
  const signal = options.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const { config, hasOpenSsh } = await readHostConfig(destination, options);
  const open = createOpener(destination, config, options);
  const host = destination.host;

  const facts = await gatherTransportFacts({ ...options, config, hasOpenSsh });
  let choice = chooseTransport(facts);
  const announce = ({ kind, why }: TransportChoice) => onEvent?.({ type: "ssh.chosen", host, kind, why });
  announce(choice);
  let link: Link;
  try {
    link = await open(choice.kind, signal);
  } catch (error) {
    if (!(error instanceof SshError) || choice.kind !== "ssh2") throw error;
    choice = chooseTransport({ ...facts, ssh2Failure: error.code });
    if (choice.kind !== "openssh") throw error;
    announce(choice);
    link = await open(choice.kind, signal).catch((other: unknown) => {
      signal.throwIfAborted();
      // Both were refused: ssh2's error says what was tried.
      throw other instanceof SshError && other.code === "SSH_AUTH_FAILED" ? error : other;
    });
  }
  const { kind, why } = choice;
  return createSshTransport(link, {
    host,
    kind,
    why,
    preCommand,
    clock,
    onEvent,
    connect: (reconnectSignal) => open(kind, reconnectSignal),
  });
}

type Opener = (kind: TransportKind, signal: AbortSignal) => Promise<Link>;

function createOpener(destination: SshDestination, config: HostConfig, options: SshOptions): Opener {
  const { clock = systemClock, env, onEvent } = options;
  const answersFor = options.ask && createAnswers(options.ask);
  const acceptNew = options.acceptNew === true;
  const connectTimeoutMs = options.connectTimeoutMs ?? config.connectTimeoutMs ?? defaultConnectTimeoutMs;
  const identityFile = destination.identityFile === undefined ? undefined : config.identityFiles[0];

  async function open(kind: TransportKind, signal: AbortSignal): Promise<Link> {
    const common = { config, acceptNew, connectTimeoutMs, signal };
    if (kind === "openssh") {
      const { connectWithOpenSsh } = await import("./openssh/connect.ts");
      const identified = { ...destination, identityFile };
      return connectWithOpenSsh({
        ...common,
        destination: identified,
        environment: options,
      });
    }
    const { connectWithSsh2 } = await import("./ssh2/connect.ts");
    const answers = answersFor?.(signal);
    const link = await connectWithSsh2({
      ...common,
      clock,
      env,
      onEvent,
      requiredIdentity: identityFile,
      ask: answers?.ask,
      readConfig: async (hop) => (await readHostConfig(hop, options)).config,
    });
    answers?.keep();
    return link;
  }

  return async (kind, signal) => {
    const link = await open(kind, signal);
    onEvent?.({ type: "ssh.connected", host: destination.host, kind });
    return link;
  };
}
