import { transportContract } from "@slipway/testing";
import { afterAll, beforeAll, describe, test } from "vitest";

import { connectSsh } from "../src/index.ts";
import { hasSshd, openTestServer } from "./sshd.ts";
import type { TestServer } from "./sshd.ts";

describe.skipIf(!hasSshd).each(["ssh2", "openssh"] as const)("over %s to a real sshd, a transport", (transport) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await openTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  for (const { name, run } of transportContract) {
    // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- The case is the assertion, and has the title.
    test(name, () => run(() => connectSsh({ host: "testhost" }, { ...server.options, transport })));
  }
});
