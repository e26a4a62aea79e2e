import type { Executor, ExperimentRecord } from "@slipway/core";
import type { ExperimentStatus, NamedJobStatus } from "@slipway/experiment";

import type { Context } from "../context.ts";
import { printLogs } from "../report/logs.ts";
import { describeJob } from "../report/status.ts";
import { formatDuration, hasColor, stateText } from "../report/text.ts";

export interface FollowedRun {
  readonly record: ExperimentRecord;
  readonly executor: Executor;
  readonly showsOutput: boolean;
  /** Keeps standard output free for the document. */
  readonly json: boolean;
}

/** Shows the jobs' output and their changes of state until all have ended. */
export async function followRun(run: FollowedRun, context: Context): Promise<ExperimentStatus> {
  const { record, executor, showsOutput, json } = run;
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const stream = json ? context.stderr : context.stdout;
  const output = showsOutput
    ? printLogs({ jobs: record.jobs, executor }, context, { follow: true, signal, stream })
    : Promise.resolve();
  try {
    // One job's log ends with the job: until then nobody need ask for its state, which is not shown.
    if (showsOutput && record.jobs.length === 1) await output;
    const [status] = await Promise.all([followStates({ record, executor }, context), output]);
    context.stderr.write(lastLine(status, context));
    return status;
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled([output]);
    throw error;
  }
}

async function followStates(
  { record, executor }: Pick<FollowedRun, "record" | "executor">,
  context: Context,
): Promise<ExperimentStatus> {
  const { followExperiment } = await import("@slipway/experiment");
  const shown = new Map<string, string>();
  let last: ExperimentStatus | undefined;
  for await (const status of followExperiment({
    record,
    executor,
    signal: context.signal,
    firstDelayMs: 50,
    maxDelayMs: record.cluster === "local" ? 500 : 2_000,
  })) {
    for (const job of status.jobs) {
      if (shown.get(job.name) === job.state) continue;
      shown.set(job.name, job.state);
      if (record.jobs.length > 1 && job.state !== "queued") context.stderr.write(jobLine(job, record.id, context));
    }
    last = status;
  }
  if (!last) throw new Error(`No status of ${record.id}`);
  return last;
}

function lastLine({ experiment, state, jobs }: ExperimentStatus, context: Context): string {
  const [only] = jobs;
  if (only && jobs.length === 1) return jobLine(only, experiment, context);
  return `${experiment} ${stateText(state, hasColor(context.stderr, context.env))}\n`;
}

function jobLine(job: NamedJobStatus, experiment: string, { stderr, env }: Context): string {
  const { startedAt, endedAt } = job;
  const took =
    startedAt !== undefined && endedAt !== undefined
      ? ` after ${formatDuration(new Date(endedAt).getTime() - new Date(startedAt).getTime())}`
      : "";
  const why = describeJob(job);
  const state = stateText(job.state, hasColor(stderr, env));
  return `${experiment}/${job.name} ${state}${took}${why === "" || job.state === "running" ? "" : ` (${why})`}\n`;
}
