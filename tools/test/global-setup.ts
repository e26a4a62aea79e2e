// The test files of one run share a Slurm testbed; it is started by the first that asks, and stopped here.
import process from "node:process";

import { openTestbedShare } from "../../packages/testing/src/testbed.ts";
import type { TestbedShare } from "../../packages/testing/src/testbed.ts";

let share: TestbedShare | undefined;

export async function setup(): Promise<void> {
  share = await openTestbedShare();
  Object.assign(process.env, share.env);
}

export async function teardown(): Promise<void> {
  await share?.[Symbol.asyncDispose]();
}
