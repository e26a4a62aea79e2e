import { randomBytes } from "node:crypto";
import path from "node:path";

import { gitRepository } from "@slipway/testing";
import { testbedSupport } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { describeUpload } from "../src/report/upload.ts";
import { machineWithCluster } from "./cluster.ts";
import { openTerminal } from "./terminal.ts";

test("how far an upload is, is told in bytes, and in time when there is something to reckon with", () => {
  const totalBytes = 51_000_000;
  expect(describeUpload({ sentBytes: 0, totalBytes }, 5_000)).toBe("0 B of 51.0 MB sent");
  expect(describeUpload({ sentBytes: 500_000, totalBytes }, 200)).toBe("500 kB of 51.0 MB sent");
  expect(describeUpload({ sentBytes: 17_000_000, totalBytes }, 60_000)).toBe("17.0 MB of 51.0 MB sent, 2m left");
  expect(describeUpload({ sentBytes: totalBytes, totalBytes }, 60_000)).toBe("51.0 MB sent, checking there");
});

const support = await testbedSupport();
describe.skipIf(!support.available)("on a terminal", () => {
  test("run shows how far the upload of the code is", async () => {
    const { m } = await machineWithCluster();
    await using _machine = m;
    const big = randomBytes(15_000_000).toString("base64");
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { "big.txt": big } });
    const terminal = openTerminal(m, repo, "run", "--cluster", "testbed", "--", "true");
    await terminal.reads("submitting: 20.0 MB sent");
    expect(await terminal.exitCode).toBe(0);
  });
});
