import { executorContract } from "@slipway/testing";
import { sharedTestbed } from "@slipway/testing/testbed";
import { describe, test } from "vitest";

import { openFixture } from "./fixture.ts";
import { isSupported } from "./testbed.ts";

describe.runIf(isSupported)("the Slurm executor on a real cluster", () => {
  // oxlint-disable-next-line vitest/expect-expect -- The case is the assertion.
  test.concurrent.each(executorContract.map(({ name, run }) => [name, run] as const))("%s", async (_, run) => {
    const testbed = await sharedTestbed();
    await run(() => openFixture(testbed));
  });
});
