import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

const pollDelayMs = 10;

/** Ends a process that leads its group, and the group: SIGTERM, and after the grace SIGKILL. Resolves when the process is gone. */
export async function endProcessGroup(child: ChildProcess, graceMs: number): Promise<void> {
  const group = child.pid;
  if (group === undefined) return;
  const exited = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve());
  });
  const killAt = performance.now() + graceMs;
  let isAlive = signalGroup(group, "SIGTERM");
  child.stdin?.destroy(); // A process that a shell is just starting can miss the signal; the end of its input it cannot.
  while (isAlive && performance.now() < killAt) {
    await sleep(pollDelayMs);
    isAlive = signalGroup(group, 0);
  }
  if (isAlive) signalGroup(group, "SIGKILL");
  await exited;
  // A process that has left the group may hold them open for ever.
  for (const stream of [child.stdout, child.stderr]) stream?.destroy();
}

/** Sends a signal to all of a group (0 only asks); false when the group has no member left. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch (error) {
    // EPERM: there is one, and it runs as somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
