import { spawn } from "node:child_process";

import { stripControlCharacters } from "@slipway/core";

import { SshError } from "../error.ts";
import { keepTail } from "../output.ts";

export interface OpenSshResult {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  /** What it said, without control characters. */
  readonly said: string;
}

export interface RunOpenSshOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** Leaves it the terminal's input. */
  readonly isInteractive?: boolean | undefined;
}

const saidLimitBytes = 16 * 1024;

/** Runs `ssh` to its exit. One that goes to the background has exited, though it may still hold its output open. */
export async function runOpenSsh(args: readonly string[], options: RunOpenSshOptions): Promise<OpenSshResult> {
  const { env, signal, isInteractive = false } = options;
  signal?.throwIfAborted();
  const child = spawn("ssh", args, {
    env: { ...env },
    stdio: [isInteractive ? "inherit" : "ignore", "ignore", "pipe"],
  });
  const said = keepTail(saidLimitBytes);
  child.stderr.on("data", (chunk: Buffer) => said.add(chunk));
  const onAbort = () => child.kill();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const exitCode = await new Promise<number | undefined>((resolve, reject) => {
      child.once("error", (cause) => reject(noOpenSsh(cause)));
      child.once("exit", (code) => {
        if (code === 0) resolve(0);
      });
      child.once("close", (code) => resolve(code ?? undefined));
    });
    child.stderr.destroy();
    if (exitCode !== 0) signal?.throwIfAborted();
    return { exitCode, said: stripControlCharacters(said.text()).trim() };
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

export function noOpenSsh(cause: unknown): SshError {
  return new SshError("SSH_OPENSSH_MISSING", "Cannot start the program ssh", {
    hint: "Install OpenSSH's client, or set `transport: ssh2`.",
    cause,
  });
}
