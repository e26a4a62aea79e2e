import { readdir } from "node:fs/promises";
import path from "node:path";

import { applyCleaning, defaultPolicy, planCleaning, takeInventory } from "@slipway/cleaner";
import type { RetentionPolicy } from "@slipway/cleaner";
import { isFinalState } from "@slipway/core";
import { createLocalExecutor } from "@slipway/executor-local";
import { packBundle } from "@slipway/packager";
import { eventually, gitRepository, temporaryDirectory } from "@slipway/testing";
import { openLocalTransport } from "@slipway/transport-local";
import { expect, test } from "vitest";

/**
 * Wants nothing: whatever may go, goes at once. Leases stay for a minute: a job of this machine is seen only after it was leased, and that
 * is what T_stale is for.
 */
const graces = { maxAgeSeconds: 0, staleSeconds: 60, trashSeconds: 0, deletingSeconds: 0 };
const policy: RetentionPolicy = { ...defaultPolicy, ...graces, keepLast: 0 };

test("cleaners in a loop beside jobs of this machine never take what one needs, and leave nothing in the end", async () => {
  await using folder = await temporaryDirectory();
  const home = path.join(folder.path, "home");
  const env = { PATH: process.env["PATH"], HOME: folder.path };
  await using transport = openLocalTransport({ env });
  await using executor = createLocalExecutor({ home, env });
  const clean = async (wanted = policy) => {
    const inventory = await takeInventory({ transport, jobDir: home, scheduler: "local" });
    const plan = planCleaning({ inventory, policy: wanted, experiments: [] });
    return (await applyCleaning({ transport, inventory, plan })).removed.length;
  };
  const live = async (index: number) => {
    const text = `code ${index % 3}\n`;
    const repository = await gitRepository(path.join(folder.path, String(index)), { files: { "which.txt": text } });
    const bundle = await packBundle({ cwd: repository.path, env });
    const code = await executor.stage(bundle);
    const command = { kind: "argv", argv: ["sh", "-c", "cat which.txt; sleep 0.2; cat which.txt"] } as const;
    const job = { name: "job", command, resources: {}, env: {}, needs: [] };
    const context = { experiment: `e-${index}`, code, secrets: {}, comments: [], tryNumber: 1 };
    const [handle] = await executor.submit([executor.plan(job, context)]);
    if (!handle) throw new Error("No handle");
    await eventually(`the end of ${index}`, async () => {
      const status = (await executor.poll([handle])).get(handle.id);
      return isFinalState(status?.state ?? "unknown") || undefined;
    });
    const chunks: Uint8Array[] = [];
    for await (const { bytes } of executor.logs(handle)) chunks.push(bytes);
    return Buffer.concat(chunks).toString() === `${text}${text}`;
  };
  let isOver = false;
  const loop = async () => {
    let removed = 0;
    while (!isOver) removed += await clean();
    return removed;
  };
  const loops = [loop(), loop()];
  const outcomes: boolean[] = [];
  const indices = Array.from({ length: 12 }, (_, index) => index).values();
  const work = async () => {
    for (const index of indices) outcomes.push(await live(index));
  };
  await Promise.all([work(), work(), work()]);
  isOver = true;
  await Promise.all(loops);
  expect(outcomes).toEqual(Array.from({ length: 12 }, () => true));
  await eventually("nothing to be left", async () => (await clean({ ...policy, staleSeconds: 0 })) === 0 || undefined);
  expect([await readdir(path.join(home, "store/code")), await readdir(path.join(home, "store/trash"))]).toEqual([
    [],
    [],
  ]);
});
