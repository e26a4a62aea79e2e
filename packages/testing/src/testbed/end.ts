import { readdir, rm, rmdir } from "node:fs/promises";
import path from "node:path";

import { withLock } from "./lock.ts";
import { isRunning, killFamily } from "./process.ts";
import { readBootId, readRecords, removeRecord } from "./record.ts";
import type { TestbedRecord } from "./record.ts";
import { findUserId, removeUser } from "./user.ts";

/** In the environment of all that a testbed starts, so that what lost its parent is found. */
export function markOf(directory: string): string {
  return `SLIPWAY_TESTBED=${directory}`;
}

/** Ends a testbed's processes, and waits for them; then nothing of it is left on the machine. */
export async function endTestbed(record: TestbedRecord): Promise<void> {
  const isThisBoot = record.bootId === (await readBootId());
  // Some of what its user starts leaves everything behind: podman keeps a process of its own, for as long as it can.
  const uid = await findUserId(record.userName);
  await killFamily({ roots: isThisBoot ? record.processes : [], mark: markOf(record.directory), uid });
  for (const node of record.nodes) await removeMemoryGroups(node);
  await removeUser(record.userName);
  await rm(record.directory, { recursive: true, force: true, maxRetries: 5 });
  await removeRecord(record);
}

/** Ends the testbeds whose starters were killed. */
export async function endAbandoned(onEnd: (directory: string) => void): Promise<void> {
  await withLock("abandoned", async () => {
    const bootId = await readBootId();
    for (const record of await readRecords()) {
      if (record.bootId === bootId && (await isRunning(record.owner))) continue;
      await endTestbed(record);
      onEnd(record.directory);
    }
  });
}

/** Slurm's own groups of a node: its daemon leaves them behind when it is killed. Those of a namesake are in use, and stay. */
async function removeMemoryGroups(node: string): Promise<void> {
  await removeGroup(`/sys/fs/cgroup/memory/slurm_${node}`);
}

async function removeGroup(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeGroup(path.join(folder, entry.name));
  await rmdir(folder).catch(() => {}); // Absent, or in use.
}
