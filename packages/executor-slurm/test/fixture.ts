import { randomUUID } from "node:crypto";
import path from "node:path";

import type { Bundle, Job, JobHandle, JobPlan, JobStatus, LogOptions, StagedCode, Transport } from "@slipway/core";
import { isFinalState } from "@slipway/core";
import { createSlurmExecutor } from "@slipway/executor-slurm";
import type { ClusterSettings, SlurmExecutor } from "@slipway/executor-slurm";
import { packBundle } from "@slipway/packager";
import { eventually, executorContractFiles, gitRepository, temporaryDirectory } from "@slipway/testing";
import type { FileSpec } from "@slipway/testing";
import { openLocalTransport } from "@slipway/transport-local";

/** Where the tests' jobs run: a testbed, or what stands in for one. */
export interface Cluster {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface TestJob extends Partial<Job> {
  readonly sh?: string;
  readonly argv?: readonly string[];
}

export interface FixtureOptions {
  readonly files?: Readonly<Record<string, FileSpec>>;
  readonly cluster?: Partial<ClusterSettings>;
  readonly transport?: (inner: Transport) => Transport;
}

export interface Fixture extends AsyncDisposable {
  readonly jobDir: string;
  /** Of the fixture's jobs, unlike any other's: Slurm finds them by it. */
  readonly experiment: string;
  readonly executor: SlurmExecutor;
  readonly transport: Transport;
  readonly bundle: Bundle;
  readonly code: StagedCode;
  /** Another process of the same user, with other variables. */
  readonly with: (env: Readonly<Record<string, string>>, wrap?: (inner: Transport) => Transport) => SlurmExecutor;
  readonly plan: (job?: TestJob, secrets?: Readonly<Record<string, string>>, tryNumber?: number) => JobPlan;
  readonly start: (job: TestJob) => Promise<JobHandle>;
  readonly status: (handle: JobHandle) => Promise<JobStatus | undefined>;
  readonly until: (handle: JobHandle, state: JobStatus["state"], limitMs?: number) => Promise<JobStatus>;
  readonly end: (handle: JobHandle, limitMs?: number) => Promise<JobStatus>;
  readonly log: (handle: JobHandle, options?: LogOptions) => Promise<string>;
}

const searchPath = process.env["PATH"] ?? "/usr/bin:/bin";

/** On the login node itself, in a job_dir whose name needs quoting. */
export async function openFixture(testbed: Cluster, options: FixtureOptions = {}): Promise<Fixture> {
  const folder = await temporaryDirectory();
  const repository = await gitRepository(path.join(folder.path, "repo"), {
    files: { ...executorContractFiles, ...options.files },
  });
  const bundle = await packBundle({ cwd: repository.path, env: { PATH: searchPath } });
  const env = { ...testbed.env, PATH: searchPath, HOME: folder.path, USER: "ada" };
  const local = openLocalTransport({ env });
  const transport = options.transport?.(local) ?? local;
  const jobDir = path.join(folder.path, "it's $(a) home");
  const cluster = { name: "testbed", pollMinimumSeconds: 0, ...options.cluster };
  const executor = createSlurmExecutor({ transport, jobDir, cluster });
  const experiment = `exp-${randomUUID().slice(0, 8)}`;
  const others: Transport[] = [];
  const code = await executor.stage(bundle);
  const status: Fixture["status"] = async (handle) => (await executor.poll([handle])).get(handle.id);
  const waitFor = (handle: JobHandle, what: string, is: (seen: JobStatus) => boolean, limitMs = 40_000) =>
    eventually(
      `job ${handle.job} to be ${what}`,
      async () => {
        const seen = await status(handle);
        return seen && is(seen) ? seen : undefined;
      },
      limitMs,
    );
  const plan: Fixture["plan"] = (
    { sh = "exit 0", argv = ["sh", "-c", sh], ...job } = {},
    secrets = {},
    tryNumber = 1,
  ) =>
    executor.plan(
      {
        name: "job",
        command: { kind: "argv", argv },
        resources: {},
        env: {},
        needs: [],
        ...job,
      },
      { experiment, code, secrets, comments: [], tryNumber },
    );
  return {
    jobDir,
    experiment,
    executor,
    transport,
    bundle,
    code,
    plan,
    with(changed, wrap = (inner) => inner) {
      const other = openLocalTransport({ env: { ...env, ...changed } });
      others.push(other);
      return createSlurmExecutor({ transport: wrap(other), jobDir, cluster });
    },
    status,
    async start(job) {
      const [handle] = await executor.submit([plan(job)]);
      if (!handle) throw new Error("No handle");
      return handle;
    },
    until: (handle, state, limitMs) => waitFor(handle, state, (seen) => seen.state === state, limitMs),
    end: (handle, limitMs) => waitFor(handle, "at its end", (seen) => isFinalState(seen.state), limitMs),
    async log(handle, logOptions) {
      const chunks: Uint8Array[] = [];
      for await (const { bytes } of executor.logs(handle, logOptions)) chunks.push(bytes);
      return Buffer.concat(chunks).toString();
    },
    async [Symbol.asyncDispose]() {
      await executor[Symbol.asyncDispose]();
      for (const each of [transport, ...others]) await each[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
