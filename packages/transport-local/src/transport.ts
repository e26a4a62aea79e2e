import type { ExecOptions, ExecResult, Transport } from "@slipway/core";

import { runCommand } from "./command.ts";
import { TransportError } from "./error.ts";

export interface LocalTransportOptions {
  /** The commands' whole environment; its PATH finds them. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where commands start, absolute; this process's own working directory when absent. */
  readonly cwd?: string | undefined;
  /** How long a command that was told to end (SIGTERM) may take before it is killed (SIGKILL); 2,000 when absent. */
  readonly killGraceMs?: number | undefined;
}

/**
 * This machine as a transport. Every command runs in a process group of its own, away from the terminal: Ctrl-C does not
 * reach it, aborting does. Disposing ends what still runs; a command then rejects with TRANSPORT_CLOSED.
 */
export function openLocalTransport({ env, cwd, killGraceMs = 2_000 }: LocalTransportOptions): Transport {
  const closing = new AbortController();
  const running = new Set<Promise<ExecResult>>();

  async function exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    closing.signal.throwIfAborted();
    options.signal?.throwIfAborted();
    const signal = options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal;
    const command = runCommand(argv, { ...options, signal, env, cwd, killGraceMs });
    running.add(command);
    try {
      return await command;
    } finally {
      running.delete(command);
    }
  }

  return {
    host: "local",
    exec,
    async [Symbol.asyncDispose]() {
      closing.abort(new TransportError("TRANSPORT_CLOSED", "The transport to this machine is closed"));
      await Promise.allSettled(running);
    },
  };
}
