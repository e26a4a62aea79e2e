import type { Bundle, CallOptions, Digest, StagedCode, Transport } from "@slipway/core";

import type { StoreContents } from "./contents.ts";
import type { ExamineOptions, StoreHealth } from "./health/examine.ts";
import type { RepairedFinding } from "./health/repair.ts";
import type { Leftover, StoredLease } from "./leases.ts";
import type { StepResult, StoreStep } from "./steps.ts";

export interface CodeStoreOptions {
  readonly transport: Transport;
  /** Absolute, on the transport's host; the store is `<root>/store`. Made when it is not there. */
  readonly root: string;
  /** The cluster's own name (Slurm's ClusterName), `local` for this machine; written into a new store, and compared with an old one's. */
  readonly clusterName: string;
  /** Letters and digits, never the same twice; 16 random hex digits when absent. */
  readonly nonce?: (() => string) | undefined;
  /**
   * Absolute, on this machine; manifests of what was staged are kept in it, so that of changed code only the changes are sent without
   * asking first what is there. Made when it is not there; may be removed at any time.
   */
  readonly cacheDirectory?: string | undefined;
  readonly onEvent?: ((event: StoreEvent) => void) | undefined;
}

export interface CodeStore {
  /** Makes a bundle present: complete, checked against its manifest, read-only. The same digest again costs one round trip. */
  stage(bundle: Bundle, options?: StageOptions): Promise<Staged>;
  /** All there is, in one command that looks at each thing once: what the lists below tell, together. */
  contents(options?: CallOptions): Promise<StoreContents>;
  /** All instances, open or closed, in the order of their names. */
  list(options?: CallOptions): Promise<readonly StoredInstance[]>;
  /** All leases, or one instance's. A lease of any kind keeps its instance open. */
  listLeases(options?: LeaseListOptions): Promise<readonly StoredLease[]>;
  /** What is in the trash and what was never published. */
  listLeftovers(options?: CallOptions): Promise<readonly Leftover[]>;
  /** Gives a token's intent back: nothing was submitted under it. Revokes it for somebody else. */
  releaseIntent(instance: string, token: string, options?: CallOptions): Promise<StepResult>;
  /** Keeps an instance, whatever the retention policy says; refused or absent when it is closed. */
  pin(instance: string, experiment: string, options?: CallOptions): Promise<StepResult>;
  unpin(instance: string, experiment: string, options?: CallOptions): Promise<StepResult>;
  /** A cleaner's steps, in one command, one after another, each whatever came of those before; results in the same order. */
  apply(steps: readonly StoreStep[], options?: CallOptions): Promise<readonly StepResult[]>;
  /** A new instance from the code of one in the trash, leased under the token; undefined when there is none that is whole. */
  takeBackFromTrash(digest: Digest, options?: StageOptions): Promise<Staged | undefined>;
  /** What there is in the store and what is wrong with it; undefined when there is none. One command. */
  examine(options?: ExamineOptions): Promise<StoreHealth | undefined>;
  /** Examines, and takes the steps of `planRepair`: damaged copies that nobody needs go to the trash. All else is only told. */
  repair(options?: ExamineOptions): Promise<readonly RepairedFinding[]>;
  /** Reads all of an instance and compares it with its manifest; what is wrong, in words. */
  verify(instance: string, options?: CallOptions): Promise<readonly string[]>;
}

export interface LeaseListOptions extends CallOptions {
  readonly instance?: string | undefined;
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
  /** Its code lay in the trash; a new instance was made of it. */
  | { readonly type: "store.restored"; readonly digest: Digest; readonly instance: string }
  /** How many files travel, and the sum of their sizes; all others come from these instances, which are absent when all travel. */
  | {
      readonly type: "store.uploading";
      readonly digest: Digest;
      readonly files: number;
      readonly bytes: number;
      readonly takenFrom?: readonly string[];
    }
  /** A few times a second, and at the end; both before packing. */
  | {
      readonly type: "store.progress";
      readonly digest: Digest;
      readonly sentBytes: number;
      readonly totalBytes: number;
    }
  /** Code of these instances could not be taken over. Nothing of it stays, and all is sent. */
  | {
      readonly type: "store.delta_failed";
      readonly digest: Digest;
      readonly takenFrom: readonly string[];
      readonly problem: string;
    }
  | {
      readonly type: "store.staged";
      readonly digest: Digest;
      readonly instance: string;
      readonly uploadedBytes: number;
    };
