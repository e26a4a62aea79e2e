import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { makeFolder } from "@slipway/core";
import type { JobPlan } from "@slipway/core";
import { parseEvidence } from "@slipway/sbatch";

import { isErrno } from "./errno.ts";
import { explainWriteError, LocalExecutorError } from "./error.ts";

/**
 * Makes a run directory that is complete when it is visible. False when it was there for the same token.
 * Throws EXECUTOR_RUN_DIR_TAKEN when it belongs to another.
 */
export async function createRunDirectory(plan: JobPlan): Promise<boolean> {
  const parent = path.dirname(plan.runDir);
  const unfinished = path.join(parent, `.new-${plan.job.name}-${randomUUID()}`);
  try {
    makeFolder(parent);
    await mkdir(unfinished);
    await fill(unfinished, plan);
    await rename(unfinished, plan.runDir);
    return true;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => {}); // The first error is the one to tell.
    if (!isErrno(error, "ENOTEMPTY", "EEXIST") || error.syscall !== "rename") {
      throw explainWriteError(error, plan.runDir);
    }
    await assertSameToken(plan, error);
    return false;
  }
}

async function fill(directory: string, plan: JobPlan): Promise<void> {
  for (const { path: name, content, mode } of plan.files) {
    await writeFile(path.join(directory, name), content, { mode, flag: "wx" });
  }
  await symlink(path.relative(plan.runDir, plan.code.directory), path.join(directory, "code"));
  await mkdir(path.join(directory, "run"));
}

/** A run directory that an earlier submission made leads to the code that this one holds. */
export async function linkCode({ runDir, code }: JobPlan): Promise<void> {
  const draft = path.join(runDir, `.code-${randomUUID()}`);
  try {
    await symlink(path.relative(runDir, code.directory), draft);
    await rename(draft, path.join(runDir, "code"));
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {}); // As above.
    throw explainWriteError(error, runDir);
  }
}

async function assertSameToken(plan: JobPlan, cause: unknown): Promise<void> {
  const token = (await committedToken(plan)) ?? (await scriptToken(plan));
  if (token === plan.token) return;
  throw new LocalExecutorError(
    "EXECUTOR_RUN_DIR_TAKEN",
    `The run directory of ${plan.token} belongs to ${token ?? "something else"}: ${plan.runDir}`,
    { cause, hint: "Submit it as another experiment" },
  );
}

/** Of whom the run directory is, as far as somebody runs it. */
export async function committedToken({ runDir }: Pick<JobPlan, "runDir">): Promise<string | undefined> {
  const commit = await readText(path.join(runDir, "commit"));
  return commit === undefined ? undefined : parseEvidence({ commit }).commit?.token;
}

async function scriptToken({ runDir, script }: JobPlan): Promise<string | undefined> {
  const text = await readText(path.join(runDir, script));
  return text === undefined ? undefined : /^slipway_token=(.*)$/m.exec(text)?.[1];
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
