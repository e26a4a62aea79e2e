import { temporaryDirectory, executorContract } from "@slipway/testing";
import { describe, test } from "vitest";

import { openFixture, shellNamedSh, shells } from "./fixture.ts";

describe.each(shells)("the local executor with $name", ({ program }) => {
  // oxlint-disable-next-line vitest/expect-expect -- The case is the assertion.
  test.each(executorContract.map(({ name, run }) => [name, run] as const))("%s", async (_, run) => {
    await using folder = await temporaryDirectory();
    const shell = await shellNamedSh(folder.path, program);
    await run(() => openFixture({ shell }));
  });
});
