import { endsCases } from "./executor/ends.ts";
import { outputCases } from "./executor/output.ts";
import { passingCases } from "./executor/passing.ts";
import { togetherCases } from "./executor/together.ts";
import { openTrial } from "./executor/trial.ts";
import type { ExecutorUnderTest } from "./executor/trial.ts";

export interface ExecutorCase {
  /** A sentence about what every executor does. */
  readonly name: string;
  /** Rejects when the executor that `open` gives does not do it. */
  readonly run: (open: () => Promise<ExecutorUnderTest>) => Promise<void>;
}

/** Files that the bundle under test must hold, by path. */
export const executorContractFiles: Readonly<Record<string, string>> = {
  "slipway-contract.txt": "code that is staged\n",
};

/**
 * What every executor does, for any test runner. The execution host needs the commands of POSIX, and bash.
 *
 *     for (const { name, run } of executorContract) test(name, () => run(open));
 */
export const executorContract: readonly ExecutorCase[] = [
  ...endsCases,
  ...outputCases,
  ...passingCases,
  ...togetherCases,
].map(({ name, check }) => ({
  name,
  async run(open) {
    await using under = await open();
    await check(await openTrial(under), under);
  },
}));
