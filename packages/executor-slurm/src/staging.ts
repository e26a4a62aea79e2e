import { isSlipwayError } from "@slipway/core";
import type { Bundle, CallOptions, Clock, Digest, JobPlan, StagedCode } from "@slipway/core";

import type { Memory } from "./remembered.ts";

export interface Staging {
  /** Code that was staged lately is not looked for again: a submission that does not find it says so, and then it is staged. */
  stage(bundle: Bundle, options?: CallOptions): Promise<StagedCode>;
  /** Plans with their code staged anew, after a submission failed; undefined when that would not mend it. */
  again(plans: readonly JobPlan[], failure: unknown, options?: CallOptions): Promise<readonly JobPlan[] | undefined>;
}

export interface StagingOptions {
  readonly stageNow: (bundle: Bundle, options: CallOptions) => Promise<StagedCode>;
  readonly memory: Memory;
  readonly clock: Clock;
  /** Whether what another process staged counts. */
  readonly remembers: boolean;
}

/** A cleaner keeps unused code for longer than this. */
const validMs = 3600_000;
const mostRemembered = 20;

export function openStaging({ stageNow, memory, clock, remembers }: StagingOptions): Staging {
  const bundles = new Map<Digest, Bundle>();
  const assumed = new Set<Digest>();

  async function stageAndRemember(bundle: Bundle, options: CallOptions): Promise<StagedCode> {
    const code = await stageNow(bundle, options);
    assumed.delete(code.digest);
    if (remembers) {
      const others = Object.entries((await memory.read()).staged ?? {}).slice(-mostRemembered);
      const now = { directory: code.directory, atMs: clock.now().getTime() };
      await memory.update({ staged: { ...Object.fromEntries(others), [code.digest]: now } });
    }
    return code;
  }

  return {
    async stage(bundle, options = {}) {
      options.signal?.throwIfAborted();
      const { digest } = bundle;
      bundles.set(digest, bundle);
      const known = remembers ? (await memory.read()).staged?.[digest] : undefined;
      const ageMs = clock.now().getTime() - (known?.atMs ?? 0);
      if (!known || ageMs < 0 || ageMs >= validMs) return stageAndRemember(bundle, options);
      assumed.add(digest);
      return { digest, directory: known.directory, uploadedBytes: 0 };
    },
    async again(plans, failure, options = {}) {
      const isGone = isSlipwayError(failure) && failure.code === "EXECUTOR_CODE_GONE";
      const mayBeGone = isSlipwayError(failure) && failure.code === "EXECUTOR_JOB_DIR_NOT_WRITABLE";
      const digests = [...new Set(plans.map(({ code }) => code.digest))];
      if (!isGone && !(mayBeGone && digests.some((digest) => assumed.has(digest)))) return undefined;
      const codes = new Map<Digest, StagedCode>();
      for (const digest of digests) {
        const bundle = bundles.get(digest);
        if (!bundle) return undefined; // Another process staged it.
        codes.set(digest, await stageAndRemember(bundle, options));
      }
      return plans.map((plan) => ({ ...plan, code: codes.get(plan.code.digest) ?? plan.code }));
    },
  };
}
