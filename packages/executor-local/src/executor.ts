import { availableParallelism } from "node:os";
import path from "node:path";

import { isSlipwayError, systemClock } from "@slipway/core";
import type { Clock, Event, Executor, JobHandle, JobId, JobStatus, Transport } from "@slipway/core";
import type { StoreEvent } from "@slipway/store";

import { cancelJob } from "./cancel.ts";
import { readLogs } from "./logs.ts";
import { observeJob } from "./observe.ts";
import { planLocalJob } from "./plan.ts";
import { openProcesses } from "./processes.ts";
import { openStager } from "./stage.ts";
import { submitPlans } from "./submit.ts";

export type LocalExecutorEvent =
  | StoreEvent
  | (Event & { readonly type: "executor-local.submitted"; readonly handles: readonly JobHandle[] });

export interface LocalExecutorOptions {
  /** Absolute; code lies in `<home>/store`, jobs in `<home>/runs`. Made when it is not there. */
  readonly home: string;
  /** The jobs' base environment; its PATH also finds this machine's tools. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock | undefined;
  /** To this machine, for the code store; the caller's to close. */
  readonly transport?: Transport | undefined;
  /** The POSIX shell that runs the jobs' scripts; `/bin/sh` when absent. */
  readonly shell?: string | undefined;
  /** Who cancels, for the record; the environment's USER when absent. */
  readonly user?: string | undefined;
  /** Absolute: manifests of staged code are kept in it, so that for changed code nothing is asked. Made when it is not there; may be removed at any time. */
  readonly cacheDirectory?: string | undefined;
  /** Processors that the jobs of this home use at the same time; further jobs wait. Those of this machine when absent. */
  readonly cores?: number | undefined;
  readonly onEvent?: ((event: LocalExecutorEvent) => void) | undefined;
}

const graceMs = 10_000;
const polledAtOnce = 32;

/** Runs jobs as processes of this machine. They outlive this process and its terminal. */
export function createLocalExecutor(options: LocalExecutorOptions): Executor {
  const { home, env, clock = systemClock, shell = "/bin/sh", cores = availableParallelism(), onEvent } = options;
  if (!path.isAbsolute(home)) throw new TypeError(`The home must be an absolute path, not ${home}`);
  const processes = openProcesses(env);
  const observer = { processes, clock, cache: new Map() };
  const by =
    (options.user ?? env["USER"] ?? env["LOGNAME"] ?? "unknown").replace(/[^\w.@-]/g, "_").slice(0, 64) || "unknown";
  const stager = openStager(options);
  return {
    apiVersion: 1,
    name: "local",
    stage: (bundle, { signal } = {}) => stager.stage(bundle, { signal }),
    plan: (job, context) => planLocalJob(job, context, { home, cores }),
    async submit(plans, { signal } = {}) {
      const handles = await submitPlans(plans, { env, shell, observer, signal }).catch(async (error: unknown) => {
        const again = isCodeGone(error) ? await stager.stageAgain(plans, { signal }) : undefined;
        if (!again) throw error;
        return submitPlans(again, { env, shell, observer, signal });
      });
      onEvent?.({ type: "executor-local.submitted", handles });
      return handles;
    },
    async poll(handles, { signal } = {}) {
      const statuses = new Map<JobId, JobStatus>();
      for (let index = 0; index < handles.length; index += polledAtOnce) {
        signal?.throwIfAborted();
        const asked = handles.slice(index, index + polledAtOnce);
        const seen = await Promise.all(asked.map((handle) => observeJob(handle, observer)));
        for (const [position, handle] of asked.entries()) {
          const status = seen[position]?.status;
          if (status) statuses.set(handle.id, status);
        }
      }
      return statuses;
    },
    async cancel(handles, cancelOptions = {}) {
      await Promise.all(handles.map((handle) => cancelJob(handle, { ...observer, by, graceMs }, cancelOptions)));
    },
    logs: (handle, logOptions) => readLogs(handle, observer, logOptions),
    [Symbol.asyncDispose]: () => stager[Symbol.asyncDispose](),
  };
}

function isCodeGone(error: unknown): boolean {
  return isSlipwayError(error) && error.code === "EXECUTOR_CODE_GONE";
}
