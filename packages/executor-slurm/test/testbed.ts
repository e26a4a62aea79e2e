import { startTestbed, testbedSupport } from "@slipway/testing/testbed";
import type { Testbed, TestbedOptions } from "@slipway/testing/testbed";
import { afterAll, beforeAll } from "vitest";

import { openFixture } from "./fixture.ts";
import type { Fixture, FixtureOptions } from "./fixture.ts";

const support = await testbedSupport();

export const isSupported = support.available;
if (!support.available) process.stderr.write(`Tests on a Slurm testbed are skipped: ${support.why}\n`);

export interface Opener {
  (options?: FixtureOptions): Promise<Fixture>;
  readonly testbed: () => Testbed;
}

/** For the tests of a `describe`: a testbed whose faults are nobody else's. Jobs stay off n3 and n4 unless they ask for them. */
export function ownTestbed(options: TestbedOptions = {}): Opener {
  let testbed: Testbed | undefined;
  beforeAll(async () => {
    testbed = await startTestbed(options);
  });
  afterAll(async () => {
    await testbed?.[Symbol.asyncDispose]();
  });
  const started = () => {
    if (!testbed) throw new Error("The testbed has not started");
    return testbed;
  };
  const open = (fixtureOptions: FixtureOptions = {}) =>
    openFixture(started(), {
      ...fixtureOptions,
      cluster: { sbatch: { exclude: "n3,n4" }, ...fixtureOptions.cluster },
    });
  return Object.assign(open, { testbed: started });
}
