import { spawn } from "node:child_process";
import { access, open, readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { stripControlCharacters } from "@slipway/core";
import type { JobPlan } from "@slipway/core";

import { isErrno } from "./errno.ts";
import { LocalExecutorError } from "./error.ts";

export interface WrapperOptions {
  /** The POSIX shell that runs the scripts. */
  readonly shell: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where jobs begin together: the file that lets them, written before `release` is called. */
  readonly releaseFile?: string | undefined;
}

/** A wrapper that this process has started; it goes on when this process ends. */
export interface StartedWrapper {
  readonly plan: JobPlan;
  /** Resolves when the wrapper has ended, to why it could not be started. */
  readonly ended: Promise<Error | undefined>;
  hasEnded(): boolean;
  /** Lets a wrapper look for the release file that waits for it. The end of this process does the same. */
  release(): void;
  kill(signal: NodeJS.Signals): void;
}

/** Starts the job's script as a session of its own, away from the terminal. */
export async function startWrapper(
  plan: JobPlan,
  { shell, env, releaseFile }: WrapperOptions,
): Promise<StartedWrapper> {
  const script = path.join(plan.runDir, plan.script);
  const args = releaseFile === undefined ? [script] : [script, releaseFile];
  await using log = await open(path.join(plan.runDir, "wrapper.log"), "a", 0o600);
  const child = spawn(shell, args, {
    cwd: plan.runDir,
    env: {
      ...Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("slipway_"))),
      slipway_shell: shell, // With which the script starts itself for its parts.
    },
    detached: true,
    stdio: [releaseFile === undefined ? "ignore" : "pipe", log.fd, log.fd],
  });
  child.unref();
  child.stdin?.on("error", () => {}); // The wrapper has ended; that is told elsewhere.
  let hasEnded = false;
  const ended = new Promise<Error | undefined>((resolve) => {
    child.once("error", resolve);
    child.once("exit", () => resolve(undefined));
  }).finally(() => {
    hasEnded = true;
  });
  return {
    plan,
    ended,
    hasEnded: () => hasEnded,
    release: () => child.stdin?.destroy(),
    kill: (signal) => {
      if (!hasEnded) child.kill(signal);
    },
  };
}

const commitLimitMs = 60_000;

/** Resolves when a wrapper of the job's token, this or another, has committed itself to run it. */
export async function waitForCommit(wrapper: StartedWrapper, signal?: AbortSignal): Promise<void> {
  const commit = path.join(wrapper.plan.runDir, "commit");
  const end = Date.now() + commitLimitMs;
  for (;;) {
    const hasEnded = wrapper.hasEnded(); // Looked at before the file: what it has written is then there.
    if (await exists(commit)) return;
    if (hasEnded) throw await notStarted(wrapper, "ended before it began", await wrapper.ended);
    if (Date.now() > end) throw await notStarted(wrapper, `did not begin within ${commitLimitMs / 1000} s`);
    await sleep(5, undefined, { signal }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    });
  }
}

async function notStarted({ plan }: StartedWrapper, how: string, cause?: Error): Promise<LocalExecutorError> {
  const said = await readFile(path.join(plan.runDir, "wrapper.log"), "utf8").catch(() => ""); // Only adds to the message.
  const text = stripControlCharacters(said.trim()).slice(-1000);
  const detail = cause?.message ?? text;
  return new LocalExecutorError(
    "EXECUTOR_START_FAILED",
    `The script of job ${plan.job.name} ${how}${detail === "" ? "" : `: ${detail}`}`,
    { cause, hint: "Check that there is space left on the disk and that this user may start more processes" },
  );
}

export async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}
