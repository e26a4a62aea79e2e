import { randomBytes } from "node:crypto";
import process from "node:process";

import type { TestbedAddress } from "./address.ts";
import { endAbandoned, endTestbed } from "./end.ts";
import { withLock } from "./lock.ts";
import { readRecords } from "./record.ts";
import { ownIdentity, startTestbedFor } from "./start.ts";
import type { TestbedOptions } from "./start.ts";
import { commandsOf } from "./testbed.ts";
import type { TestbedCommands } from "./testbed.ts";

/** A cluster that other test files use at the same time: it has no faults to show. */
export interface SharedTestbed extends TestbedAddress, TestbedCommands {}

export type SharedTestbedOptions = Pick<TestbedOptions, "signal" | "onEvent">;

/** Lets the processes of one test run share a testbed, which is started when the first of them asks, and ends with this. */
export interface TestbedShare extends AsyncDisposable {
  /** Must be in the environment of the processes that share. */
  readonly env: Readonly<Record<string, string>>;
}

const variable = "SLIPWAY_TESTBED_SHARE";

/** For the process that starts the tests: vitest's `globalSetup`. Costs nothing until a test asks for the testbed. */
export async function openTestbedShare(): Promise<TestbedShare> {
  if (process.platform !== "linux") return { env: {}, async [Symbol.asyncDispose]() {} };
  const { pid, startTicks } = await ownIdentity();
  const share = `${pid}.${startTicks}.${randomBytes(4).toString("hex")}`;
  return {
    env: { [variable]: share },
    async [Symbol.asyncDispose]() {
      if (process.getuid?.() !== 0) return;
      for (const record of await readRecords()) if (record.share === share) await endTestbed(record);
      await endAbandoned(() => {}); // Those whose test processes were killed.
    },
  };
}

/**
 * The testbed of this test run: 4 nodes, with accounting. Callable from any of its processes, any number of times.
 * Tests that break a cluster, or need one of another kind, start their own: it takes about three seconds.
 */
export async function sharedTestbed(options: SharedTestbedOptions = {}): Promise<SharedTestbed> {
  const share = process.env[variable];
  const [pid, startTicks] = (share ?? "").split(".").map(Number);
  if (share === undefined || pid === undefined || startTicks === undefined) {
    throw new Error(`${variable} is not in the environment: openTestbedShare gives it`);
  }
  return withLock(
    `share-${share}`,
    async () => {
      if ((await findShared(share)) === undefined) {
        await startTestbedFor({ owner: { pid, startTicks }, share }, options);
      }
      const address = await findShared(share);
      if (address === undefined) throw new Error("The shared testbed was stopped while it started");
      return { ...address, ...commandsOf(address) };
    },
    options.signal,
  );
}

async function findShared(share: string): Promise<TestbedAddress | undefined> {
  return (await readRecords()).find((record) => record.share === share && record.address !== undefined)?.address;
}
