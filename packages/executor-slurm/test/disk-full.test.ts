import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { isSlipwayError } from "@slipway/core";
import { sharedTestbed } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { openFixture } from "./fixture.ts";
import { isSupported } from "./testbed.ts";

const blockBytes = 4096;
const blocks = 40;

/** Each round leaves one block more: the disk is full at another write, from the first to none. */
describe.runIf(isSupported)("a submission onto a disk that gets full", () => {
  test("is told, and made whole when there is space: one job, which runs once", async () => {
    const testbed = await sharedTestbed();
    await using fixture = await openFixture(testbed);
    const runs = path.join(fixture.jobDir, "runs");
    await mkdir(runs, { recursive: true });
    const size = `size=${blocks * blockBytes}`;
    expect((await testbed.slurm("mount", "-t", "tmpfs", "-o", size, "tmpfs", runs)).exitCode).toBe(0);
    try {
      const told = new Set<string>();
      for (let free = 0; free <= 16; free++) {
        const plan = fixture.plan({ name: `free-${free}`, sh: 'echo ran >>"$SLIPWAY_RUN_DIR/count"' });
        await writeFile(path.join(runs, ".filler"), Buffer.alloc((blocks - free) * blockBytes));
        const refused = await fixture.executor.submit([plan]).then(
          () => "taken",
          (error: unknown) => {
            if (!isSlipwayError(error)) throw error;
            return error.code;
          },
        );
        told.add(refused);
        await rm(path.join(runs, ".filler"));
        const [handle] = await fixture.executor.submit([plan]);
        if (!handle) throw new Error("No handle");
        expect([free, (await fixture.end(handle, 120_000)).state]).toEqual([free, "succeeded"]);
        expect(await readFile(path.join(handle.runDir, "run/count"), "utf8")).toBe("ran\n");
        await rm(path.join(runs, fixture.experiment), { recursive: true });
      }
      expect([...told].toSorted()).toEqual(["EXECUTOR_DISK_FULL", "taken"]);
    } finally {
      await testbed.slurm("umount", "-l", runs);
    }
  }, 400_000);
});
