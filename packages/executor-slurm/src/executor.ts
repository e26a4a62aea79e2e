import { systemClock } from "@slipway/core";
import type { Clock, Event, Executor, JobHandle, LogChunk, Transport } from "@slipway/core";
import { createCodeStore } from "@slipway/store";
import type { StoreEvent } from "@slipway/store";

import { cancelJobs } from "./cancel.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { SlurmExecutorError } from "./error.ts";
import { learnFacts } from "./facts.ts";
import type { ClusterFacts } from "./facts.ts";
import { readLogs } from "./logs.ts";
import type { SlurmLogOptions } from "./logs.ts";
import { planSlurmJob } from "./plan.ts";
import { pollJobs } from "./poll.ts";
import { submitPlans } from "./submit.ts";

export type SlurmExecutorEvent =
  | StoreEvent
  | (Event & { readonly type: "executor-slurm.submitted"; readonly handles: readonly JobHandle[] });

export interface SlurmExecutorOptions {
  /** To a login node of the cluster; the caller's to close. */
  readonly transport: Transport;
  /** Absolute, on the cluster's shared file system; code lies in `<jobDir>/store`, jobs in `<jobDir>/runs`. Made when it is not there. */
  readonly jobDir: string;
  readonly cluster: ClusterSettings;
  readonly clock?: Clock | undefined;
  readonly onEvent?: ((event: SlurmExecutorEvent) => void) | undefined;
}

export interface SlurmExecutor extends Executor {
  logs(handle: JobHandle, options?: SlurmLogOptions): AsyncIterable<LogChunk>;
}

/** Runs jobs through Slurm. They go on whatever becomes of this process and of its connection. */
export function createSlurmExecutor(options: SlurmExecutorOptions): SlurmExecutor {
  const { transport, cluster, clock = systemClock, onEvent } = options;
  const jobDir = checkJobDir(options.jobDir);
  const place = { host: transport.host, jobDir };
  let facts: Promise<ClusterFacts> | undefined;
  const learn = (signal: AbortSignal | undefined): Promise<ClusterFacts> => {
    facts ??= learnFacts(transport, { jobDir, signal }).catch((error: unknown) => {
      facts = undefined; // Asked again the next time.
      throw error;
    });
    return facts;
  };
  return {
    apiVersion: 1,
    name: "slurm",
    async stage(bundle, { signal } = {}) {
      const { clusterName } = await learn(signal);
      const store = createCodeStore({ transport, root: jobDir, clusterName, onEvent });
      const { digest, directory, uploadedBytes } = await store.stage(bundle, { signal });
      return { digest, directory, uploadedBytes };
    },
    plan: (job, context) => planSlurmJob(job, context, { jobDir, cluster }),
    async submit(plans, { signal } = {}) {
      signal?.throwIfAborted();
      const { clusterName } = await learn(signal);
      const handles = await submitPlans(plans, { ...place, transport, cluster, clusterName, signal });
      onEvent?.({ type: "executor-slurm.submitted", handles });
      return handles;
    },
    poll: (handles, { signal } = {}) => pollJobs(handles, { transport, jobDir, accounting: true, signal }),
    cancel: (handles, cancelOptions) => cancelJobs(handles, { ...place, transport }, cancelOptions),
    logs: (handle, logOptions) =>
      readLogs(
        handle,
        {
          transport,
          clock,
          poll: async (asked, signal) =>
            (await pollJobs([asked], { transport, jobDir, accounting: false, signal })).get(asked.id),
        },
        logOptions,
      ),
    async [Symbol.asyncDispose]() {}, // The transport is the caller's.
  };
}

function checkJobDir(jobDir: string): string {
  if (jobDir.startsWith("/") && !jobDir.includes("\0")) return jobDir.replace(/\/+$/, "") || "/";
  throw new SlurmExecutorError(
    "EXECUTOR_JOB_DIR_NOT_ABSOLUTE",
    `The job_dir is ${JSON.stringify(jobDir)}, not an absolute path`,
    { hint: "Give it from the top: /lustre/alice/slipway" },
  );
}
