/** One way in which a protocol is wrong; none of them set is ours. Those of spec/store.md, by the model's names. */
export interface Variant {
  /** V1: the lease is taken after sbatch. */
  readonly leaseAfterSubmit?: boolean;
  /** V2: a terminal state counts as evidence; V3: an answer older than the lease; V4: any answer. */
  readonly evidence?: "terminal" | "older" | "any";
  /** How an instance goes: V5 age only, V6 listed and moved, V7 moved, looked at again and put back, V9 deleted in place, V10 rm -rf of its leases. */
  readonly removal?: "age" | "list" | "restore" | "in place" | "rm leases";
  /** V8: the instance is looked at before the lease, and not after. */
  readonly lookThenLease?: boolean;
  /** V11: jobs are not held. */
  readonly noHold?: boolean;
  /** V12: the result of the commit is not looked at. */
  readonly ignoreCommit?: boolean;
  /** V13: released before the lease is committed. */
  readonly releaseFirst?: boolean;
  /** V14: one name for all instances of a digest. */
  readonly stableName?: boolean;
  /** V15: a closed instance is renamed back. */
  readonly renameBack?: boolean;
  /** V16: written where it is published. */
  readonly publishInPlace?: boolean;
  /** V17: an unfinished upload is deleted where it lies. */
  readonly reclaimInPlace?: boolean;
  /** V18: the commit record is not exclusive. */
  readonly noExclusiveCommit?: boolean;
  /** V19: a lock around cleaning and leasing that is never broken; V20: one that is broken by age. */
  readonly lock?: "kept" | "broken by age";
  /** V21: the commit record is written before the lease is committed. */
  readonly commitTryFirst?: boolean;
  /** V22: submitted again, not held, after a lost answer. */
  readonly submitAgain?: boolean;
  /** Intents are never revoked. */
  readonly keepIntents?: boolean;
}
