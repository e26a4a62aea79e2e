import { randomBytes } from "node:crypto";
import { lstat, mkdir, rename, rmdir, utimes } from "node:fs/promises";
import path from "node:path";

import type { JobPlan } from "@slipway/core";

import { isErrno } from "./errno.ts";
import { explainWriteError, LocalExecutorError } from "./error.ts";

/** Marks a plan's code as needed, before anything of the job is there; its path, or undefined for code that lies in no store. Source: `spec: store`, "Submitting". */
export async function leaseCode({ code, token, job }: JobPlan): Promise<string | undefined> {
  const instance = /^(.*\/store\/code\/[0-9a-f]{64}\.[A-Za-z0-9]{1,64})\/tree$/.exec(code.directory)?.[1];
  if (instance === undefined) return undefined;
  const leases = path.join(instance, "L");
  for (let round = 1; round <= mostRounds; round++) {
    if (!(await takeIntent(leases, token)) || !(await isFolder(code.directory))) break;
    // A name that no cleaner can have seen: what it decided about an older lease of this token does not touch this one.
    const lease = path.join(leases, `j.local.${randomBytes(8).toString("hex")}`);
    if (await commit(path.join(leases, `i.${token}`), lease)) return lease;
  }
  throw new LocalExecutorError(
    "EXECUTOR_CODE_GONE",
    `The code of job ${job.name} is no longer in the store: ${code.directory}`,
    {
      hint: "Stage it again, and submit again",
      details: { digest: code.digest },
    },
  );
}

/** Nothing was started under these leases. */
export async function giveBackLeases(leases: readonly string[]): Promise<void> {
  await Promise.allSettled(leases.map((lease) => rmdir(lease))); // A lease that stays is the cleaner's.
}

/** A cleaner may revoke an intent at any moment. */
const mostRounds = 5;

/** False when the instance is closed: then nobody can lease it any more. */
async function takeIntent(leases: string, token: string): Promise<boolean> {
  if (!(await isFolder(leases))) return false;
  try {
    await mkdir(path.join(leases, `i.${token}`));
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return true;
    if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
    throw explainWriteError(error, leases);
  }
}

async function commit(intent: string, lease: string): Promise<boolean> {
  try {
    await rename(intent, lease);
    await utimes(lease, new Date(), new Date());
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw explainWriteError(error, lease);
  }
}

async function isFolder(directory: string): Promise<boolean> {
  try {
    return (await lstat(directory)).isDirectory();
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}
