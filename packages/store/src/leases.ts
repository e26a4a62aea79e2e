import type { Answer } from "./answer.ts";
import { digestOfInstance } from "./instances.ts";

/** A mark on an instance that somebody needs it. */
export interface StoredLease {
  readonly instance: string;
  /** Its name in the store: `i.<token>`, `j.<cluster>.<job>`, `w.<cluster>.<job>`, `p.<experiment>`. */
  readonly name: string;
  readonly holder: LeaseHolder;
  /** Since it was made or, for a job's, since the job's id was known; by the clocks of the host and its file server. */
  readonly ageSeconds: number;
  /** The number of the user whose it is. */
  readonly userId: number;
}

export type LeaseHolder =
  /** A submit is under way. */
  | { readonly kind: "intent"; readonly token: string }
  /** A job may still start or run; `wrapper` when the job has taken it itself because its own was missing. */
  | { readonly kind: "job" | "wrapper"; readonly clusterName: string; readonly jobId: string }
  | { readonly kind: "pin"; readonly experiment: string }
  /** Not of this version; it keeps the instance open as well. */
  | { readonly kind: "unknown" };

/** What is on its way into the store or out of it. */
export interface Leftover {
  /** `trashed`: closed, in the trash, may be taken back; `unfinished`: an upload; `deleting`: claimed by a cleaner. */
  readonly kind: "trashed" | "unfinished" | "deleting";
  /** An instance's name, without `.in-`; `.del-…` of what is being deleted. */
  readonly name: string;
  /** Since it was moved there; of an unfinished one since anything in it changed. */
  readonly ageSeconds: number;
}

export function parseLeases({ lines }: Answer): readonly StoredLease[] {
  return lines.flatMap(({ word, rest }): readonly StoredLease[] => {
    const [instance = "", name, ageSeconds, userId] = rest.split(" ");
    if (word !== "LEASE" || digestOfInstance(instance) === undefined) return [];
    return [leaseOf(instance, [name, ageSeconds, userId])];
  });
}

/** Of an instance: the lease's name, its age in seconds, its owner's number. */
export function leaseOf(
  instance: string,
  [name = "", ageSeconds, userId]: readonly (string | undefined)[],
): StoredLease {
  return { instance, name, holder: holderOf(name), ageSeconds: atLeast0(ageSeconds), userId: Number(userId) };
}

function holderOf(name: string): LeaseHolder {
  const rest = name.slice(2);
  const [clusterName = "", jobId = "", more] = rest.split(".");
  const isJob = clusterName !== "" && jobId !== "" && more === undefined;
  if (name.startsWith("i.") && rest !== "") return { kind: "intent", token: rest };
  if (name.startsWith("j.") && isJob) return { kind: "job", clusterName, jobId };
  if (name.startsWith("w.") && isJob) return { kind: "wrapper", clusterName, jobId };
  if (name.startsWith("p.") && rest !== "") return { kind: "pin", experiment: rest };
  return { kind: "unknown" };
}

export function parseLeftovers({ lines }: Answer): readonly Leftover[] {
  return lines.flatMap(({ word, rest }) => (word === "LEFT" ? (parseLeftover(rest) ?? []) : []));
}

/** `<kind> <name> <age in seconds>`; undefined for other names. */
export function parseLeftover(text: string): Leftover | undefined {
  const [kind, path = "", age] = text.split(" ");
  const name = path.replace(/^\.in-/, "");
  const ageSeconds = atLeast0(age);
  if (kind === "deleting") return { kind, name, ageSeconds };
  if (kind !== "trashed" && kind !== "unfinished") return undefined;
  return digestOfInstance(name) === undefined ? undefined : { kind, name, ageSeconds };
}

/** The file server's clock may be ahead of the host's. */
export function atLeast0(age: string | undefined): number {
  return Math.max(0, Number(age));
}
