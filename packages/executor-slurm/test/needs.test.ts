import { writeFile } from "node:fs/promises";
import path from "node:path";

import type { DependencyType, JobHandle } from "@slipway/core";
import { eventually } from "@slipway/testing";
import { sharedTestbed } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { openFixture } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";
import { isSupported } from "./testbed.ts";

describe.runIf(isSupported)("a job that needs one of another experiment", () => {
  test.concurrent("waits for it", async () => {
    await using fixture = await open();
    const first = await fixture.start({ name: "first", sh: 'until [ -e "$SLIPWAY_RUN_DIR/go" ]; do sleep 0.1; done' });
    const second = await startElsewhere(fixture, "ok");
    expect((await fixture.status(second))?.state).toBe("queued");
    await writeFile(path.join(first.runDir, "run/go"), "");
    expect((await fixture.end(second)).state).toBe("succeeded");
  });

  test.concurrent("goes by its own record when Slurm has forgotten it, an array's by that of all its elements", async () => {
    await using fixture = await open();
    const [good, bad] = await fixture.executor.submit([
      fixture.plan({ name: "first", array: { indices: [0, 2] } }),
      fixture.plan({ name: "bad", array: { indices: [0, 2] }, sh: "exit $SLIPWAY_ARRAY_INDEX" }),
    ]);
    if (!good || !bad) throw new Error("No handle");
    await Promise.all([fixture.end(good), fixture.end(bad)]);
    const testbed = await sharedTestbed();
    await eventually(
      "Slurm to forget",
      async () => {
        const { stdout } = await testbed.slurm("squeue", "-h", "-t", "all", "-o", "%F");
        return ![good, bad].some(({ id }) => stdout.split("\n").includes(id.slice(id.lastIndexOf(".") + 1)));
      },
      90_000,
    );
    expect((await fixture.end(await startElsewhere(fixture, "ok"))).state).toBe("succeeded");
    await expect(startElsewhere(fixture, "ok", "bad", "third")).rejects.toMatchObject({
      code: "EXECUTOR_DEPENDENCY_NEVER",
      message: `Job third would never start: ${fixture.experiment}/bad has not ended as it needs`,
    });
    expect((await fixture.end(await startElsewhere(fixture, "notok", "bad", "fourth"))).state).toBe("succeeded");
  }, 150_000);

  test.concurrent("is refused when there is no such job", async () => {
    await using fixture = await open();
    await expect(startElsewhere(fixture, "any")).rejects.toMatchObject({
      code: "EXECUTOR_DEPENDENCY_UNKNOWN",
      message: `Job second needs ${fixture.experiment}/first, of which neither Slurm nor its own record tells the end`,
    });
  });
});

async function open(): Promise<Fixture> {
  return openFixture(await sharedTestbed());
}

async function startElsewhere(
  { executor, experiment, code }: Fixture,
  type: DependencyType,
  job = "first",
  name = "second",
): Promise<JobHandle> {
  const command = { kind: "argv", argv: ["true"] } as const;
  const plan = executor.plan(
    { name, command, resources: {}, env: {}, needs: [{ job, type, experiment }] },
    { experiment: `${experiment}-2`, code, secrets: {}, comments: [], tryNumber: 1 },
  );
  const [handle] = await executor.submit([plan]);
  if (!handle) throw new Error("No handle");
  return handle;
}
