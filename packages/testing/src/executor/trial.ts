import { randomUUID } from "node:crypto";

import { isFinalState } from "@slipway/core";
import type {
  Bundle,
  Executor,
  Job,
  JobHandle,
  JobPlan,
  JobStatus,
  LogChunk,
  LogOptions,
  StagedCode,
} from "@slipway/core";

import { eventually } from "../wait.ts";

/** An executor to be tried, with what its trial needs. Disposing ends the executor and removes what the trial left. */
export interface ExecutorUnderTest extends AsyncDisposable {
  readonly executor: Executor;
  /** Holds the files of `executorContractFiles`, and whatever else. */
  readonly bundle: Bundle;
  /** How long a job may take to get from one state to the next; 30,000 when absent. */
  readonly limitMs?: number | undefined;
}

/** A sentence about what every executor does, and the check of it. */
export interface TrialCase {
  readonly name: string;
  readonly check: (trial: Trial, under: ExecutorUnderTest) => Promise<void>;
}

/** A job of which only what matters to a case is said. */
export interface TrialJob extends Partial<Job> {
  readonly argv?: readonly string[];
  /** For `sh -c`. */
  readonly sh?: string;
}

/** One experiment on the executor under test. */
export interface Trial {
  readonly executor: Executor;
  readonly code: StagedCode;
  readonly plan: (job: TrialJob, secrets?: Readonly<Record<string, string>>) => JobPlan;
  readonly submit: (...jobs: readonly TrialJob[]) => Promise<readonly JobHandle[]>;
  /** Submits one job and waits for its end. */
  readonly run: (
    job: TrialJob,
  ) => Promise<{ readonly handle: JobHandle; readonly status: JobStatus; readonly log: string }>;
  readonly status: (handle: JobHandle) => Promise<JobStatus | undefined>;
  /** Resolves at the first status that is as wished. */
  readonly until: (handle: JobHandle, what: string, is: (status: JobStatus) => boolean) => Promise<JobStatus>;
  readonly end: (handle: JobHandle) => Promise<JobStatus>;
  readonly log: (handle: JobHandle, options?: LogOptions) => Promise<Buffer>;
}

export async function openTrial({ executor, bundle, limitMs = 30_000 }: ExecutorUnderTest): Promise<Trial> {
  const experiment = `contract-${randomUUID().slice(0, 8)}`;
  const code = await executor.stage(bundle);
  const plan: Trial["plan"] = (job, secrets = {}) =>
    executor.plan(toJob(job), {
      experiment,
      code,
      secrets,
      comments: ["a case of the executor contract"],
      tryNumber: 1,
    });
  const status: Trial["status"] = async (handle) => (await executor.poll([handle])).get(handle.id);
  const until: Trial["until"] = (handle, what, is) =>
    eventually(
      `job ${handle.job} to be ${what}`,
      async () => {
        const seen = await status(handle);
        return seen !== undefined && is(seen) ? seen : undefined;
      },
      limitMs,
    );
  const end: Trial["end"] = (handle) => until(handle, "at its end", ({ state }) => isFinalState(state));
  const log: Trial["log"] = async (handle, options) => {
    const chunks: LogChunk[] = [];
    for await (const chunk of executor.logs(handle, options)) chunks.push(chunk);
    return Buffer.concat(chunks.map(({ bytes }) => bytes));
  };
  const submit: Trial["submit"] = (...jobs) => executor.submit(jobs.map((job) => plan(job)));
  return {
    executor,
    code,
    plan,
    submit,
    async run(job) {
      const [handle] = await submit(job);
      if (!handle) throw new Error("submit gave no handle for the job");
      const ended = await end(handle);
      return { handle, status: ended, log: (await log(handle)).toString() };
    },
    status,
    until,
    end,
    log,
  };
}

function toJob({ argv, sh, ...job }: TrialJob): Job {
  const words = argv ?? ["sh", "-c", sh ?? "exit 0"];
  return { name: "job", command: { kind: "argv", argv: words }, resources: {}, env: {}, needs: [], ...job };
}
