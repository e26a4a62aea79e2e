import type { Bundle, CallOptions, Digest, JobPlan, StagedCode, Transport } from "@slipway/core";
import type { StoreEvent } from "@slipway/store";

export interface Stager extends AsyncDisposable {
  stage(bundle: Bundle, options?: CallOptions): Promise<StagedCode>;
  /** A cleaner may close an instance between staging and submitting. Undefined when a bundle was not staged by this process. */
  stageAgain(plans: readonly JobPlan[], options?: CallOptions): Promise<readonly JobPlan[] | undefined>;
}

export interface StagerOptions {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly transport?: Transport | undefined;
  readonly cacheDirectory?: string | undefined;
  readonly onEvent?: ((event: StoreEvent) => void) | undefined;
}

/** The code store below the home. What it needs is loaded when something is staged: asking about jobs needs none of it. */
export function openStager({ home, env, transport, cacheDirectory, onEvent }: StagerOptions): Stager {
  let own: Promise<Transport> | undefined;
  const staged = new Map<Digest, Bundle>();
  async function stage(bundle: Bundle, { signal }: CallOptions = {}): Promise<StagedCode> {
    const { createCodeStore } = await import("@slipway/store");
    const used = transport ?? (await (own ??= openOwn(env)));
    const store = createCodeStore({ transport: used, root: home, clusterName: "local", cacheDirectory, onEvent });
    const { digest, directory, uploadedBytes } = await store.stage(bundle, { signal });
    staged.set(digest, bundle);
    return { digest, directory, uploadedBytes };
  }
  return {
    stage,
    async stageAgain(plans, options) {
      const codes = new Map<Digest, StagedCode>();
      for (const { code } of plans) {
        const bundle = staged.get(code.digest);
        if (!bundle) return undefined;
        if (!codes.has(code.digest)) codes.set(code.digest, await stage(bundle, options));
      }
      return plans.map((plan) => ({ ...plan, code: codes.get(plan.code.digest) ?? plan.code }));
    },
    async [Symbol.asyncDispose]() {
      await (await own)?.[Symbol.asyncDispose]();
    },
  };
}

async function openOwn(env: Readonly<Record<string, string | undefined>>): Promise<Transport> {
  const { openLocalTransport } = await import("@slipway/transport-local");
  return openLocalTransport({ env });
}
