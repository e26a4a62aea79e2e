import { setMaxListeners } from "node:events";

import type { Clock, EventListener, ExecOptions, ExecResult, Input, Transport } from "@slipway/core";

import type { TransportKind } from "./destination.ts";
import { isRefused, SshError } from "./error.ts";
import type { SshEvent } from "./event.ts";
import type { Link } from "./link.ts";
import { createQueue } from "./queue.ts";
import { runOnLink } from "./run.ts";
import { withSpare } from "./spare.ts";
import type { SparingLink } from "./spare.ts";

/** A host reached over SSH. At most four commands run at a time, the others wait: a server may refuse more of one client. */
export interface SshTransport extends Transport {
  readonly kind: TransportKind;
  /** Why it is of this kind. */
  readonly why: string;
}

export interface SshTransportOptions {
  readonly host: string;
  readonly kind: TransportKind;
  readonly why: string;
  readonly preCommand: string | undefined;
  readonly clock: Clock;
  readonly onEvent: EventListener<SshEvent> | undefined;
  /** Connects again after the link was lost. */
  readonly connect: (signal: AbortSignal) => Promise<Link>;
}

/** sshd's MaxSessions is 10 unless a site says less; those that end commands need room too. */
const commandsAtOnce = 4;

export function createSshTransport(first: Link, options: SshTransportOptions): SshTransport {
  const { host, kind, why, preCommand, clock, onEvent, connect } = options;
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // One for each command, and those are without number.
  const running = new Set<Promise<ExecResult>>();
  const taken = new Set<Promise<ExecResult>>();
  const queue = createQueue(commandsAtOnce);
  let link: Promise<SparingLink> = Promise.resolve(withSpare(first, preCommand));

  async function exec(argv: readonly string[], execOptions: ExecOptions = {}): Promise<ExecResult> {
    closing.signal.throwIfAborted();
    execOptions.signal?.throwIfAborted();
    const signal = execOptions.signal ? AbortSignal.any([execOptions.signal, closing.signal]) : closing.signal;
    const command = runInTurn(argv, { ...execOptions, signal });
    running.add(command);
    try {
      return await command;
    } finally {
      running.delete(command);
    }
  }

  async function runInTurn(argv: readonly string[], execOptions: ExecOptions & { signal: AbortSignal }) {
    const leave = await queue.enter(execOptions.signal);
    try {
      return await runWhereTaken(argv, execOptions);
    } finally {
      leave();
    }
  }

  /** A server that takes fewer commands at once than we send gets the refused ones again, one by one. */
  async function runWhereTaken(argv: readonly string[], execOptions: ExecOptions & { signal: AbortSignal }) {
    const onSent = (bytes: number) => onEvent?.({ type: "ssh.exec", host, bytes });
    for (;;) {
      const live = await orAborted(liveLink(), execOptions.signal);
      const command = runOnLink(live, argv, { ...execOptions, host, clock, onSent });
      taken.add(command);
      try {
        return await command;
      } catch (error) {
        taken.delete(command);
        if (!isRefused(error) || taken.size === 0 || !isRepeatable(execOptions.stdin)) throw error;
        await orAborted(Promise.race([...taken].map((other) => other.catch(() => {}))), execOptions.signal);
      } finally {
        taken.delete(command);
      }
    }
  }

  /** All commands that find the link lost wait for the same new one. */
  async function liveLink(): Promise<SparingLink> {
    const last = link;
    const lastLink = await last.catch(() => undefined);
    if (lastLink?.isAlive() === true) return lastLink;
    if (link === last) {
      if (lastLink) onEvent?.({ type: "ssh.lost", host });
      link = reconnect(lastLink);
      link.catch(() => {}); // Each command that waits for it hears of it.
    }
    return link;
  }

  async function reconnect(lost: Link | undefined): Promise<SparingLink> {
    await lost?.close();
    return withSpare(await connect(closing.signal), preCommand);
  }

  return {
    host,
    kind,
    why,
    exec,
    async [Symbol.asyncDispose]() {
      closing.abort(new SshError("SSH_CLOSED", `The transport to ${host} is closed`));
      await Promise.allSettled(running);
      const last = await link.catch(() => undefined);
      await last?.close();
    },
  };
}

function isRepeatable(stdin: Input | undefined): boolean {
  return stdin === undefined || typeof stdin === "string" || stdin instanceof Uint8Array;
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
