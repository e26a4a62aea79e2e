import { StoreError } from "./error.ts";

/** Names that become a part of a path in the store; in a lease's name a dot ends a part. */
const patterns = {
  /** `<experiment>.<job>.<try>` */
  token: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,180}\.[1-9][0-9]{0,8}$/,
  experiment: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/,
  /** Slurm's ClusterName, or `local`. */
  cluster: /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
  /** A job's or a wrapper's. */
  lease: /^[jw]\.[A-Za-z0-9][A-Za-z0-9_-]{0,62}\.[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
  instance: /^[0-9a-f]{64}\.[A-Za-z0-9]{1,64}$/,
  claimed: /^\.del-[A-Za-z0-9_.-]{1,180}$/,
} as const;

export type NameKind = keyof typeof patterns;

const expected: Readonly<Record<NameKind, string>> = {
  token: "a token <experiment>.<job>.<try>",
  experiment: "an experiment's id",
  cluster: "a cluster's name",
  lease: "a lease j.<cluster>.<job> or w.<cluster>.<job>",
  instance: "an instance <digest>.<nonce>",
  claimed: "a name .del-<nonce>",
};

/** Gives the name back, or throws STORE_UNSAFE_NAME: what it is made of could leave the store, or be read as another's. */
export function checkName(kind: NameKind, name: string): string {
  if (patterns[kind].test(name)) return name;
  throw new StoreError("STORE_UNSAFE_NAME", `Expected ${expected[kind]}, got ${JSON.stringify(name)}`, {
    hint: "Letters, digits, `_` and `-` (in experiments' and jobs' names also `.`), first a letter or digit.",
  });
}
