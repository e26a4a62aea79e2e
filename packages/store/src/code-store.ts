import type { Bundle, CallOptions, Digest, StagedCode, Transport } from "@slipway/core";

export interface CodeStoreOptions {
  readonly transport: Transport;
  /** Absolute, on the transport's host; the store is `<root>/store`. Made when it is not there. */
  readonly root: string;
  /** The cluster's own name (Slurm's ClusterName), `local` for this machine; written into a new store, and compared with an old one's. */
  readonly clusterName: string;
  /** Letters and digits, never the same twice; 16 random hex digits when absent. */
  readonly nonce?: (() => string) | undefined;
  readonly onEvent?: ((event: StoreEvent) => void) | undefined;
}

export interface CodeStore {
  /** Makes a bundle present: complete, checked against its manifest, read-only. The same digest again costs one round trip. */
  stage(bundle: Bundle, options?: StageOptions): Promise<Staged>;
  /** All instances, open or closed, in the order of their names. */
  list(options?: CallOptions): Promise<readonly StoredInstance[]>;
  /** Reads all of an instance and compares it with its manifest; what is wrong, in words. */
  verify(instance: string, options?: CallOptions): Promise<readonly string[]>;
}

export interface StageOptions extends CallOptions {
  /**
   * `<experiment>.<job>.<try>`: the instance is leased before it is looked at, and cannot be closed until the lease is committed
   * (`slipway_commit_lease` of `leaseFunctions`), given back or revoked. Without a token it may go at any time.
   */
  readonly token?: string | undefined;
}

export interface Staged extends StagedCode {
  /** `<digest>.<nonce>`: the copy's name in the store, used once and never again. */
  readonly instance: string;
  /** Whether it was there before, without an upload of this call's. */
  readonly reused: boolean;
}

export interface StoredInstance {
  readonly instance: string;
  readonly digest: Digest;
  /** Where its code lies, absolute. */
  readonly directory: string;
  /** Whether it may still be leased; a closed one never opens again. */
  readonly open: boolean;
  /** From its manifest, not counted again; absent when that cannot be read. */
  readonly contents?: {
    readonly files: number;
    readonly symlinks: number;
    readonly directories: number;
    readonly bytes: number;
  };
}

export type StoreEvent =
  | { readonly type: "store.reused"; readonly digest: Digest; readonly instance: string }
  /** An instance is not as its manifest says. It is left as it is, and another one is used or uploaded. */
  | { readonly type: "store.damaged"; readonly digest: Digest; readonly instance: string; readonly problem: string }
  /** `bytes` is the sum of the files' sizes. */
  | { readonly type: "store.uploading"; readonly digest: Digest; readonly files: number; readonly bytes: number }
  | {
      readonly type: "store.staged";
      readonly digest: Digest;
      readonly instance: string;
      readonly uploadedBytes: number;
    };
