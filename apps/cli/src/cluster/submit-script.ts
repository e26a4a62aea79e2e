import { jobOf } from "@slipway/core";
import type { Executor, JobPlan, RecordedJob } from "@slipway/core";
import { findExperiment, withJobRecord } from "@slipway/experiment";

import { openExecutor, openRecords, readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { readSecrets } from "../run/environment.ts";

export interface SubmittedScript {
  readonly experiment: string;
  readonly job: string;
  readonly tryNumber: number;
  /** Slurm's id, or a process's. */
  readonly nativeId: string;
}

/** Submits a job's script as it is now, as the job's next try: with the same code, variables and run directory. */
export async function submitScript(words: string, script: string, context: Context): Promise<SubmittedScript> {
  const { record, jobs } = findExperiment(words, await readRecords(context));
  const [job] = jobs;
  if (!job) throw new Error(`${words} has no job`);
  const tryNumber = tryOf(job.token) + 1;
  const { digest, directory } = record.code;
  await using executor = await openExecutor(record, context);
  const secrets = readSecrets({ secrets: { [job.name]: job.secrets } }, context)[job.name] ?? {};
  const plan = planWithScript(executor, job, {
    script,
    context: {
      experiment: record.id,
      code: { digest, directory, uploadedBytes: 0 },
      secrets,
      comments: [],
      tryNumber,
    },
  });
  const [handle] = await executor.submit([withJobRecord(plan, record)], { signal: context.signal });
  if (!handle) throw new CliError("CLI_NOT_THERE", `${plan.token} was submitted, and nobody told its id`);
  const records = await openRecords(context);
  await records.update(record.id, (now) => ({
    ...now,
    jobs: now.jobs.map((each) => (each.name === job.name ? withTry(each, { token: plan.token, handle }) : each)),
  }));
  return { experiment: record.id, job: job.name, tryNumber, nativeId: handle.id.split(".").at(-1) ?? handle.id };
}

interface ScriptPlanning {
  readonly script: string;
  readonly context: Parameters<Executor["plan"]>[1];
}

/** The executor's own plan, with this script in place of the planned one; the try before stands in it by its token. */
function planWithScript(executor: Executor, recorded: RecordedJob, { script, context }: ScriptPlanning): JobPlan {
  const plan = executor.plan(jobOf(recorded), context);
  const content = script.replaceAll(recorded.token, plan.token);
  return { ...plan, files: plan.files.map((file) => (file.path === plan.script ? { ...file, content } : file)) };
}

function withTry(job: RecordedJob, next: Required<Pick<RecordedJob, "token" | "handle">>): RecordedJob {
  const { token, handle, earlierTries = [] } = job;
  return { ...job, ...next, earlierTries: [...earlierTries, { token, ...(handle && { handle }) }] };
}

/** `<experiment>.<job>.<try>` */
function tryOf(token: string): number {
  return Number(token.slice(token.lastIndexOf(".") + 1)) || 1;
}
