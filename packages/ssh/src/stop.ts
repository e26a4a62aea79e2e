import type { Clock } from "@slipway/core";

import { renderCommandLine } from "./command-line.ts";
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
    const killed = kill(link, group).catch(() => ended); // No channel for it: what is left is to let go.
    // The killing goes on there by itself: whoever ignores TERM and holds no output is not waited for.
    await within(stepLimitMs, Promise.race([ended, killed]), clock);
    await within(stepLimitMs / 5, ended, clock); // One that left the group may hold the output open.
  }
  command.process.close();
}

async function kill(link: Link, group: string): Promise<void> {
  const argv = ["/bin/sh", "-c", killScript, "sh", group];
  const process = await link.start(renderCommandLine(argv, { nonce: "kill", endsInFrame: false }));
  process.stdin.end();
  process.stdout.resume();
  process.stderr.resume();
  await process.ended;
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
