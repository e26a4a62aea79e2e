import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { isFinalState } from "@slipway/core";
import type { JobPlan } from "@slipway/core";

import { explainWriteError, LocalExecutorError } from "./error.ts";
import { firstAttemptFile, readFirstAttempt } from "./first-attempt.ts";
import { observeJob } from "./observe.ts";
import type { Observer } from "./observe.ts";
import { exists } from "./wrapper.ts";
import { writeAtomically } from "./write.ts";

/** What can be done about a renewed run directory. */
export interface Renewal {
  /** The try before as it was; nothing of this one may have begun. */
  undo(): Promise<void>;
  /** This try has begun: nothing that is secret stays of the one before. */
  settle(): Promise<void>;
}

/**
 * Makes the run directory of a try that has ended this plan's: what was that try's lies in `try-N` from then on, its evidence and logs stay, and
 * its attempts count on. Safe to repeat where it was cut off. Throws EXECUTOR_TRY_NOT_ENDED.
 */
export async function renewRunDirectory(plan: JobPlan, before: string, observer: Observer): Promise<Renewal> {
  const { runDir, files } = plan;
  await assertEnded(plan, before, observer);
  const at = (name: string) => path.join(runDir, name);
  const kept = at(`try-${before.slice(before.lastIndexOf(".") + 1)}`);
  const draft = at(`.new-${randomUUID()}`);
  const moved: string[] = [];
  const putAside = async (name: string) => {
    if (await exists(path.join(kept, name))) return; // By a renewal that was cut off.
    await rename(at(name), path.join(kept, name));
    moved.push(name);
  };
  const first = await readFirstAttempt(runDir);
  const undo = async () => {
    for (const name of moved.toReversed()) await rename(path.join(kept, name), at(name));
    await writeAtomically(at(firstAttemptFile), `${first}\n`);
  };
  try {
    await mkdir(kept, { recursive: true });
    await mkdir(draft);
    for (const { path: name, content, mode } of files) await writeFile(path.join(draft, name), content, { mode });
    const names = await readdir(runDir);
    await writeAtomically(at(firstAttemptFile), `${nextAttempt(names)}\n`);
    for (const { path: name } of files) {
      if (names.includes(name)) await putAside(name);
      await rename(path.join(draft, name), at(name));
    }
    for (const name of names.filter(isOfOneTry)) await putAside(name);
    // Until this last step the try before is the one that is found here.
    if (names.includes("commit")) await putAside("commit");
  } catch (error) {
    await undo().catch(() => {}); // The first error is the one to tell.
    throw explainWriteError(error, runDir);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return { undo, settle: () => rm(path.join(kept, "secrets"), { force: true }) };
}

async function assertEnded(plan: JobPlan, before: string, observer: Observer): Promise<void> {
  const { runDir, token, experiment, job } = plan;
  const seen = await observeJob({ id: before, experiment, job: job.name, runDir }, observer);
  if (!seen || isFinalState(seen.status.state)) return;
  throw new LocalExecutorError("EXECUTOR_TRY_NOT_ENDED", `${before} has not ended: it is ${seen.status.state}`, {
    hint: "Wait for its end, or cancel it, and submit again",
    details: { before, token },
  });
}

/** What tells of a try as a whole, and would be taken for the next one's. */
function isOfOneTry(name: string): boolean {
  return /^(?:cancel|stopping|released|array-\d+\.(?:record\.json|commit|try-\d+\.cancel))$/.test(name);
}

function nextAttempt(names: readonly string[]): number {
  return 1 + Math.max(0, ...names.map((name) => Number(/(?:^|\.)attempt-([1-9]\d{0,8})\./.exec(name)?.[1] ?? 0)));
}
