import { rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Dependency, JobHandle, JobPlan } from "@slipway/core";

import { assertCommandExists } from "./command.ts";
import { LocalExecutorError } from "./error.ts";
import { giveBackLeases, leaseCode } from "./lease.ts";
import type { Observer } from "./observe.ts";
import { neededRunDir, orderPlans } from "./order.ts";
import { committedToken, createRunDirectory, linkCode } from "./prepare.ts";
import { renewRunDirectory } from "./renew.ts";
import type { Renewal } from "./renew.ts";
import { exists, startWrapper, waitForCommit } from "./wrapper.ts";
import type { StartedWrapper } from "./wrapper.ts";
import { writeAtomically } from "./write.ts";

export interface SubmitContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly shell: string;
  readonly observer: Observer;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts all jobs, or none: each wrapper first commits itself to its job, and they begin when all have.
 * Under tokens that were submitted before, nothing is started twice.
 */
export async function submitPlans(plans: readonly JobPlan[], context: SubmitContext): Promise<readonly JobHandle[]> {
  const { signal, env } = context;
  const { ordered, outside } = orderPlans(plans);
  for (const { plan, need } of outside) await assertSubmitted(plan, need);
  const leases: string[] = [];
  const made: JobPlan[] = [];
  const started: StartedWrapper[] = [];
  const renewals: Renewal[] = [];
  try {
    for (const plan of ordered) {
      signal?.throwIfAborted();
      if (await isCommitted(plan)) continue;
      const lease = await leaseCode(plan);
      if (lease !== undefined) leases.push(lease);
    }
    for (const plan of ordered) await assertCommandExists(plan, env);
    for (const plan of ordered) {
      signal?.throwIfAborted();
      const before = await committedToken(plan);
      const isRenewed = before !== undefined && isEarlierTry(before, plan.token);
      if (isRenewed) renewals.push(await renewRunDirectory(plan, before, context.observer));
      const isMade = !isRenewed && (await createRunDirectory(plan));
      if (isMade) made.push(plan);
      else if (before !== plan.token) await linkCode(plan);
    }
    await startAll(ordered, started, context);
  } catch (error) {
    await takeBack(plans, made, started);
    for (const renewal of renewals) await renewal.undo().catch(() => {}); // Why nothing was submitted is the error to tell.
    await giveBackLeases(leases);
    throw error;
  }
  for (const renewal of renewals) await renewal.settle();
  return plans.map(toHandle);
}

function isEarlierTry(token: string, other: string): boolean {
  const [at, otherAt] = [token.lastIndexOf("."), other.lastIndexOf(".")];
  return (
    token.slice(0, at) === other.slice(0, otherAt) && Number(token.slice(at + 1)) < Number(other.slice(otherAt + 1))
  );
}

export function toHandle({ token, experiment, job, runDir }: JobPlan): JobHandle {
  return { id: token, experiment, job: job.name, runDir };
}

async function assertSubmitted(plan: JobPlan, need: Dependency): Promise<void> {
  if (await exists(neededRunDir(plan, need))) return;
  throw new LocalExecutorError(
    "EXECUTOR_DEPENDENCY_UNKNOWN",
    `Job ${plan.job.name} needs ${need.job}, which is no job of experiment ${need.experiment ?? plan.experiment}`,
    { hint: "Submit both together, or take the dependency away" },
  );
}

async function isCommitted(plan: JobPlan): Promise<boolean> {
  return (await committedToken(plan)) === plan.token;
}

async function startAll(
  ordered: readonly JobPlan[],
  started: StartedWrapper[],
  { env, shell, signal }: SubmitContext,
): Promise<void> {
  const first = ordered[0];
  if (!first) return;
  const releaseFile = ordered.length > 1 ? path.join(first.runDir, "released") : undefined;
  for (const plan of ordered) {
    signal?.throwIfAborted();
    if (!(await isCommitted(plan))) started.push(await startWrapper(plan, { env, shell, releaseFile }));
  }
  for (const wrapper of started) await waitForCommit(wrapper, releaseFile === undefined ? undefined : signal);
  if (releaseFile !== undefined) await writeAtomically(releaseFile, ordered.map(({ token }) => `${token}\n`).join(""));
  for (const wrapper of started) wrapper.release();
}

const endLimitMs = 15_000;

/** Ends what was started and removes what was made; what stood there before stays. */
async function takeBack(
  plans: readonly JobPlan[],
  made: readonly JobPlan[],
  started: readonly StartedWrapper[],
): Promise<void> {
  for (const wrapper of started) wrapper.kill("SIGTERM"); // Before it could take the end of its input for anything else.
  for (const wrapper of started) wrapper.release();
  const limit = new AbortController();
  const late = sleep(endLimitMs, undefined, { signal: limit.signal }).catch(() => {}); // Ended in time.
  await Promise.race([late, Promise.all(started.map(({ ended }) => ended))]);
  limit.abort();
  for (const wrapper of started) wrapper.kill("SIGKILL");
  const parents = new Set(plans.map(({ runDir }) => path.dirname(runDir)));
  // Why nothing was submitted is the error to tell, not what could not be removed. rmdir(2) leaves alone what is not empty.
  await Promise.allSettled(made.map(({ runDir }) => rm(runDir, { recursive: true, force: true, maxRetries: 3 })));
  await Promise.allSettled([...parents].map((parent) => rmdir(parent)));
}
