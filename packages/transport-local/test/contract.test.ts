import { transportContract } from "@slipway/testing";
import { test } from "vitest";

import { openLocalTransport } from "../src/index.ts";

for (const { name, run } of transportContract) {
  // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- The case is the assertion, and has the title.
  test(name, () => run(async () => openLocalTransport({ env: { PATH: process.env["PATH"] }, killGraceMs: 200 })));
}
