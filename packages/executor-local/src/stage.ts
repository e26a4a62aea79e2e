import type { Bundle, CallOptions, StagedCode, Transport } from "@slipway/core";
import type { StoreEvent } from "@slipway/store";

export interface Stager extends AsyncDisposable {
  stage(bundle: Bundle, options?: CallOptions): Promise<StagedCode>;
}

export interface StagerOptions {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly transport?: Transport | undefined;
  readonly onEvent?: ((event: StoreEvent) => void) | undefined;
}

/** The code store below the home. What it needs is loaded when something is staged: asking about jobs needs none of it. */
export function openStager({ home, env, transport, onEvent }: StagerOptions): Stager {
  let own: Promise<Transport> | undefined;
  return {
    async stage(bundle, { signal } = {}) {
      const { createCodeStore } = await import("@slipway/store");
      const used = transport ?? (await (own ??= openOwn(env)));
      const store = createCodeStore({ transport: used, root: home, clusterName: "local", onEvent });
      const { digest, directory, uploadedBytes } = await store.stage(bundle, { signal });
      return { digest, directory, uploadedBytes };
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
