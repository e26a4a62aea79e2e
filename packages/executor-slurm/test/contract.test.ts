import { executorContract } from "@slipway/testing";
import { sharedTestbed, testbedSupport } from "@slipway/testing/testbed";
import { describe, test } from "vitest";

import { openFixture } from "./fixture.ts";

const support = await testbedSupport();

describe.runIf(support.available)("the Slurm executor on a real cluster", () => {
  // oxlint-disable-next-line vitest/expect-expect -- The case is the assertion.
  test.concurrent.each(executorContract.map(({ name, run }) => [name, run] as const))("%s", async (_, run) => {
    const testbed = await sharedTestbed();
    await run(() => openFixture(testbed));
  });
});
