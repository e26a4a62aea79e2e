// @ts-check
import { defineExecutor, SlipwayError } from "@slipway/core";
import { isKeptByShell, renderEnvironment, renderJobScript } from "@slipway/sbatch";
import { createCodeStore } from "@slipway/store";
import * as z from "zod";

import { cancel } from "./cancel.mjs";
import { readLog } from "./logs.mjs";
import { poll } from "./poll.mjs";
import { submit } from "./submit.mjs";

/**
 * Runs jobs as detached processes of a Linux host that has no scheduler. A cluster file that uses it:
 *
 *     executor: ./executor-ssh-host/index.mjs
 *     executor_options: { nice: 10 }
 *     ssh_tunnel: { host: workstation, job_dir: /home/alice/slipway }
 */
// oxlint-disable-next-line import/no-default-export -- What a cluster file names is a module's default export.
export default defineExecutor({
  name: "ssh-host",
  options: z.strictObject({
    /** As nice(1) takes it: how much the jobs stand back behind others. */
    nice: z.int().min(0).max(19).default(0),
    /** Between TERM and KILL, when a job is cancelled or its time is over. */
    grace_seconds: z.int().min(1).default(10),
  }),
  create({ cluster, jobDir, options, transport }) {
    if (jobDir === undefined) {
      throw new SlipwayError("EXECUTOR_NO_JOB_DIR", `The cluster ${cluster} has no job_dir`, { hint: "Add one" });
    }
    const store = createCodeStore({ transport, root: jobDir, clusterName: cluster });
    return {
      apiVersion: 1,
      name: "ssh-host",
      async stage(bundle, callOptions) {
        const { digest, directory, uploadedBytes } = await store.stage(bundle, callOptions);
        return { digest, directory, uploadedBytes };
      },
      plan: (job, context) => plan(job, context, { jobDir, graceSeconds: options.grace_seconds }),
      submit: (plans, { signal } = {}) => submit(plans, { transport, jobDir, nice: options.nice, signal }),
      poll: (handles, { signal } = {}) => poll(handles, { transport, signal }),
      cancel: (handles, cancelOptions = {}) =>
        cancel(handles, { transport, graceSeconds: options.grace_seconds }, cancelOptions),
      logs: (handle, logOptions = {}) => readLog(handle, transport, logOptions),
      async [Symbol.asyncDispose]() {}, // The transport is the caller's.
    };
  },
});

/**
 * Pure: the script is the one of local jobs, which waits for its needs, keeps the time limit and leaves the evidence.
 *
 * @param {import("@slipway/core").Job} job
 * @param {import("@slipway/core").PlanContext} context
 * @param {{ jobDir: string, graceSeconds: number }} place
 * @returns {import("@slipway/core").JobPlan}
 */
function plan(job, { experiment, code, secrets, comments, tryNumber }, { jobDir, graceSeconds }) {
  const token = `${experiment}.${job.name}.${tryNumber}`;
  const runDir = `${jobDir}/runs/${experiment}/${job.name}`;
  const { nodes = 1, partition, account, qos } = job.resources;
  return {
    experiment,
    job,
    token,
    runDir,
    code,
    files: [
      { path: "job.sh", content: renderJobScript({ experiment, job, token, comments, graceSeconds }), mode: 0o755 },
      { path: "env", content: renderEnvironment(job.env), mode: 0o600 },
      { path: "secrets", content: renderEnvironment(secrets), mode: 0o600 },
      ...(job.group ?? []).map(({ name, env }) => ({
        path: `env.${name}`,
        content: renderEnvironment(env),
        mode: 0o600,
      })),
    ],
    script: "job.sh",
    warnings: [
      ...(nodes > 1 ? [`The job runs on one host, not on ${nodes} nodes`] : []),
      ...[partition, account, qos].flatMap((word) =>
        word === undefined ? [] : [`Without a scheduler ${word} is ignored`],
      ),
      ...[...Object.keys(job.env), ...Object.keys(secrets)]
        .filter(isKeptByShell)
        .map((name) => `The shell that starts the job may keep its own value of ${name}`),
    ],
    handle: { id: token, experiment, job: job.name, runDir },
  };
}
