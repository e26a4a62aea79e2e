import { join } from "node:path";

import { systemClock } from "@slipway/core";
import type {
  CallOptions,
  Clock,
  Event,
  Executor,
  FoundExperiment,
  JobHandle,
  JobPlan,
  Transport,
} from "@slipway/core";
import { createCodeStore } from "@slipway/store";
import type { StoreEvent } from "@slipway/store";

import { cancelJobs } from "./cancel.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { SlurmExecutorError } from "./error.ts";
import { findExperiments } from "./find-experiments.ts";
import { openKnowledge } from "./knowledge.ts";
import { readLogs } from "./logs.ts";
import { planSlurmJob } from "./plan.ts";
import { pollJobs } from "./poll.ts";
import { forgetQueue, rememberSubmitted } from "./remember-jobs.ts";
import { openMemory } from "./remembered.ts";
import { openStaging } from "./staging.ts";
import { submitPlans } from "./submit.ts";
import type { SubmitContext } from "./submit.ts";

export type SlurmExecutorEvent =
  | StoreEvent
  | (Event & { readonly type: "executor-slurm.submitted"; readonly handles: readonly JobHandle[] })
  /** An `experiment.json` of the job_dir is not one, and is left out. */
  | (Event & { readonly type: "executor-slurm.unreadable_record"; readonly path: string; readonly why: string })
  /** squeue did not answer: states rest on the jobs' own files and on accounting. */
  | (Event & { readonly type: "executor-slurm.silent"; readonly reason: string });

export interface SlurmExecutorOptions {
  /** To a login node of the cluster; the caller's to close. */
  readonly transport: Transport;
  /** Absolute, on the cluster's shared file system; code lies in `<jobDir>/store`, jobs in `<jobDir>/runs`. Made when it is not there. */
  readonly jobDir: string;
  readonly cluster: ClusterSettings;
  readonly clock?: Clock | undefined;
  /** Absolute, on this machine: what Slurm said a moment ago is shared by all terminals of the user. Made when it is not there. */
  readonly cacheDirectory?: string | undefined;
  readonly onEvent?: ((event: SlurmExecutorEvent) => void) | undefined;
}

export interface SlurmExecutor extends Executor {
  findExperiments(options?: CallOptions): Promise<readonly FoundExperiment[]>;
  takeBack(plans: readonly JobPlan[], options?: CallOptions): Promise<readonly JobHandle[]>;
}

/** Runs jobs through Slurm. They go on whatever becomes of this process and of its connection. */
export function createSlurmExecutor(options: SlurmExecutorOptions): SlurmExecutor {
  const { transport, cluster, clock = systemClock, onEvent } = options;
  const jobDir = checkJobDir(options.jobDir);
  const place = { host: transport.host, jobDir };
  const memory = openMemory({ directory: options.cacheDirectory, key: [cluster.name, transport.host, jobDir] });
  const knowledge = openKnowledge({ transport, jobDir, memory, clock });
  const minimumMs = 1000 * (cluster.pollMinimumSeconds ?? defaultMinimumSeconds);
  const onSilent = (reason: string) => onEvent?.({ type: "executor-slurm.silent", reason });
  const poll = (
    handles: readonly JobHandle[],
    { signal, asksAccounting }: CallOptions & { readonly asksAccounting: boolean },
  ) => pollJobs(handles, { transport, jobDir, memory, clock, minimumMs, asksAccounting, onSilent, signal });
  const staging = openStaging({
    async stageNow(bundle, { signal }) {
      const { clusterName } = await knowledge.facts(signal);
      const manifests = options.cacheDirectory && join(options.cacheDirectory, "manifests");
      const store = createCodeStore({ transport, root: jobDir, clusterName, cacheDirectory: manifests, onEvent });
      const { digest, directory, uploadedBytes } = await store.stage(bundle, { signal });
      return { digest, directory, uploadedBytes };
    },
    memory,
    clock,
    remembers: options.cacheDirectory !== undefined,
  });

  async function submitStaged(
    plans: readonly JobPlan[],
    choice: Pick<SubmitContext, "record" | "takesBack" | "signal">,
  ): Promise<readonly JobHandle[]> {
    const { signal } = choice;
    signal?.throwIfAborted();
    const { clusterName } = await knowledge.facts(signal);
    const context = { ...place, transport, cluster, clusterName, memory, ...choice };
    return submitPlans(plans, context).catch(async (error: unknown) => {
      const again = await staging.again(plans, error, { signal });
      if (!again) throw error;
      return submitPlans(again, context);
    });
  }

  return {
    apiVersion: 1,
    name: "slurm",
    async stage(bundle, callOptions) {
      await knowledge.facts(callOptions?.signal); // By which plans are made.
      return staging.stage(bundle, callOptions);
    },
    plan: (job, context) => planSlurmJob(job, context, { jobDir, cluster, facts: knowledge.known() }),
    submit: async (plans, { signal, record } = {}) => {
      const handles = await submitStaged(plans, { record, signal });
      await rememberSubmitted(memory, plans, handles);
      onEvent?.({ type: "executor-slurm.submitted", handles });
      return handles;
    },
    async takeBack(plans, { signal } = {}) {
      const handles = await submitStaged(plans, { takesBack: true, signal });
      await forgetQueue(memory);
      return handles;
    },
    poll: (handles, { signal } = {}) => poll(handles, { signal, asksAccounting: true }),
    async cancel(handles, cancelOptions) {
      const clusterName = (await memory.read()).facts?.clusterName;
      await cancelJobs(handles, { ...place, transport, clusterName }, cancelOptions);
      await forgetQueue(memory);
    },
    findExperiments: ({ signal } = {}) =>
      findExperiments({
        transport,
        jobDir,
        signal,
        onUnreadable: (path, why) => onEvent?.({ type: "executor-slurm.unreadable_record", path, why }),
      }),
    logs: (handle, logOptions) =>
      readLogs(
        handle,
        {
          transport,
          clock,
          poll: async (asked, pollOptions) => (await poll([asked], pollOptions)).get(asked.id),
        },
        logOptions,
      ),
    async [Symbol.asyncDispose]() {}, // The transport is the caller's.
  };
}

const defaultMinimumSeconds = 2;

function checkJobDir(jobDir: string): string {
  if (jobDir.startsWith("/") && !jobDir.includes("\0")) return jobDir.replace(/\/+$/, "") || "/";
  throw new SlurmExecutorError(
    "EXECUTOR_JOB_DIR_NOT_ABSOLUTE",
    `The job_dir is ${JSON.stringify(jobDir)}, not an absolute path`,
    { hint: "Give it from the top: /lustre/alice/slipway" },
  );
}
