import type { Clock } from "@slipway/core";

import { renderCommandLine } from "./command-line.ts";
import { isRefused } from "./error.ts";
import type { Link, RemoteProcess } from "./link.ts";

export interface StoppableCommand {
  readonly process: RemoteProcess;
  /** The process group it leads on the far side; undefined when it never began. */
  readonly group: Promise<string | undefined>;
}

/** TERM to the group, and after the grace KILL; just the process where the server gave it no group of its own. */
const killScript = `kill -TERM "-$1" 2>/dev/null || kill -TERM "$1" 2>/dev/null || exit 0
i=0
while [ "$i" -lt 20 ] && { kill -0 "-$1" || kill -0 "$1"; } 2>/dev/null; do
  sleep 0.1 2>/dev/null || sleep 1
  i=$((i+1))
done
kill -KILL "-$1" 2>/dev/null || kill -KILL "$1" 2>/dev/null
exit 0`;

const stepLimitMs = 5_000;
const refusedPauseMs = 100;

/**
 * Ends a command with all that it started, through a second channel: closing its own leaves it running. Never rejects, and
 * takes a few seconds at most where the far side does not answer.
 */
export async function endRemoteCommand(link: Link, starting: Promise<StoppableCommand>, clock: Clock): Promise<void> {
  const command = await within(stepLimitMs, starting, clock);
  if (!command) {
    void starting.then(({ process }) => process.close()).catch(() => {}); // It never began, or begins too late.
    return;
  }
  const group = await within(stepLimitMs, command.group, clock);
  if (group !== undefined && /^\d+$/.test(group) && link.isAlive()) {
    const { ended } = command.process;
    const killed = kill(link, group, clock).catch(() => ended); // No channel for it: what is left is to let go.
    // The killing goes on there by itself: whoever ignores TERM and holds no output is not waited for.
    await within(stepLimitMs, Promise.race([ended, killed]), clock);
    await within(stepLimitMs / 5, ended, clock); // One that left the group may hold the output open.
  }
  command.process.close();
}

async function kill(link: Link, group: string, clock: Clock): Promise<void> {
  const argv = ["/bin/sh", "-c", killScript, "sh", group];
  const process = await startWhenTaken(link, renderCommandLine(argv, { nonce: "kill", endsInFrame: false }), clock);
  process.stdin.end();
  process.stdout.resume();
  process.stderr.resume();
  await process.ended;
}

/** A server that takes few commands at once notices a little late that one has ended. */
async function startWhenTaken(link: Link, line: string, clock: Clock): Promise<RemoteProcess> {
  for (let waitedMs = 0; ; waitedMs += refusedPauseMs) {
    try {
      return await link.start(line);
    } catch (error) {
      if (!isRefused(error) || waitedMs >= stepLimitMs) throw error;
      await clock.sleep(refusedPauseMs);
    }
  }
}

async function within<T>(limitMs: number, promise: Promise<T>, clock: Clock): Promise<T | undefined> {
  const done = new AbortController();
  const late = clock.sleep(limitMs, done.signal).then(
    () => undefined,
    () => undefined, // The promise was faster.
  );
  try {
    return await Promise.race([promise, late]);
  } catch {
    return undefined; // What failed has nothing left to end.
  } finally {
    done.abort();
  }
}
