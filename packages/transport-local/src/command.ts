import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

import type { ExecOptions, ExecResult } from "@slipway/core";

import { endProcessGroup } from "./group.ts";
import { writeInput } from "./input.ts";
import { collectOutput, keepTail } from "./output.ts";
import { startError } from "./start-error.ts";

export interface CommandOptions extends ExecOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string | undefined;
  readonly killGraceMs: number;
}

const stderrLimitBytes = 64 * 1024;

/** Runs one command in its own process group until it has exited and its output is closed. */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<ExecResult> {
  const { stdin, signal, onStdout, killGraceMs } = options;
  let child: ChildProcess;
  try {
    child = spawnGroup(argv, options);
  } catch (error) {
    throw startError(error, argv, options.cwd);
  }
  // Nothing is awaited before all listeners are there: Node throws away the output of a process that ends unheard.
  const end = endOf(child);
  const stopping = stopOnce(child, killGraceMs);
  const stdout = collectOutput(child.stdout, onStdout, stopping.stop);
  const stderr = keepTail(child.stderr, stderrLimitBytes);
  const onAbort = () => stopping.stop(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (child.stdin && stdin !== undefined) writeInput(child.stdin, stdin).catch(stopping.stop);
  try {
    const { exitCode, signal: endedBy } = await end.catch((error: unknown) => {
      throw startError(error, argv, options.cwd);
    });
    await stopping.finish();
    return { exitCode, ...(endedBy && { signal: endedBy }), stdout: stdout(), stderr: stderr() };
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

function spawnGroup([file = "", ...args]: readonly string[], { env, cwd, stdin }: CommandOptions): ChildProcess {
  return spawn(file, args, {
    ...(cwd !== undefined && { cwd }),
    env: { ...env },
    detached: true,
    stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
}

interface End {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, signal) =>
      resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined }),
    );
  });
}

interface Stopping {
  /** Ends the command early; the first reason counts. */
  readonly stop: (reason: unknown) => void;
  /** Once the command has ended: throws the reason, if there was one. */
  readonly finish: () => Promise<void>;
}

function stopOnce(child: ChildProcess, killGraceMs: number): Stopping {
  let stopped: { readonly reason: unknown; readonly groupEnded: Promise<void> } | undefined;
  let hasEnded = false;
  return {
    stop: (reason) => {
      // The process id of a command that has ended may be another's by now.
      if (!hasEnded) stopped ??= { reason, groupEnded: endProcessGroup(child, killGraceMs) };
    },
    finish: async () => {
      hasEnded = true;
      await stopped?.groupEnded;
      if (stopped) throw stopped.reason;
    },
  };
}
