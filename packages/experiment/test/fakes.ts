import { createManifest, manifestDigest } from "@slipway/core";
import type {
  Bundle,
  Executor,
  ExperimentRecord,
  FoundExperiment,
  Job,
  JobState,
  JobStatus,
  LogOptions,
} from "@slipway/core";

export function job(name: string, ...needs: readonly string[]): Job {
  return {
    name,
    command: { kind: "argv", argv: ["true"] },
    resources: {},
    env: {},
    needs: needs.map((needed) => ({ job: needed, type: "ok" })),
  };
}

export function record(id: string, fields: Partial<ExperimentRecord> = {}): ExperimentRecord {
  const name = id.replace(/-[^-]*$/, "");
  return {
    version: 1,
    id,
    name,
    cluster: "local",
    createdAt: "2026-01-02T03:04:05.000Z",
    phase: "submitted",
    cwd: "/work",
    slipwayVersion: "0.0.0",
    code: {
      rule: 2,
      root: "/work",
      dirty: false,
      digest: "0".repeat(64),
      bytes: 0,
      files: 0,
      directory: "/c",
      uploadedBytes: 0,
    },
    jobs: [recordedJob(id, "train")],
    ...fields,
  };
}

export function recordedJob(experiment: string, name: string): ExperimentRecord["jobs"][number] {
  const handle = { id: `${experiment}/${name}`, experiment, job: name, runDir: `/runs/${experiment}/${name}` };
  const { command, resources, env, needs } = job(name);
  return { name, command, resources, env, needs, secrets: [], token: `${experiment}.${name}.1`, handle };
}

export const emptyBundle: Bundle = {
  digest: manifestDigest(createManifest([])),
  manifest: createManifest([]),
  source: { rule: 2, root: "/work", commit: "abc", branch: "main", dirty: true },
  async *tar() {},
};

export interface FakeExecutorOptions {
  /** Each job's states, one a poll; the last one stays. */
  readonly states?: Readonly<Record<string, readonly JobState[]>>;
  /** Each job's log. */
  readonly logs?: Readonly<Record<string, string>>;
  readonly failSubmit?: Error;
  /** What lies on the execution host; absent where records stay here. */
  readonly found?: readonly FoundExperiment[];
}

/** Stands in for an executor where a test is about what is asked of one, and records it. */
export function fakeExecutor({ states = {}, logs = {}, failSubmit, found }: FakeExecutorOptions = {}) {
  const calls: string[] = [];
  const records: (ExperimentRecord | undefined)[] = [];
  let polls = 0;
  const executor: Executor = {
    apiVersion: 1,
    name: "fake",
    stage: async ({ digest }) => {
      calls.push("stage");
      return { digest, directory: `/store/${digest}`, uploadedBytes: 7 };
    },
    plan: (planned, { experiment, code, tryNumber }) => ({
      experiment,
      job: planned,
      token: `${experiment}.${planned.name}.${tryNumber}`,
      runDir: `/runs/${experiment}/${planned.name}`,
      code,
      files: [],
      script: "job.sh",
      warnings: planned.resources.gpusPerNode === undefined ? [] : ["no GPUs here"],
    }),
    submit: async (plans, { record: sent } = {}) => {
      calls.push(`submit ${plans.map((plan) => plan.job.name).join(" ")}`);
      records.push(sent);
      if (failSubmit) throw failSubmit;
      return plans.map(({ experiment, runDir, job: { name } }) => ({
        id: `id-${name}`,
        experiment,
        job: name,
        runDir,
      }));
    },
    poll: async (handles) => {
      calls.push(`poll ${handles.length}`);
      polls += 1;
      return new Map(
        handles.flatMap(({ id, job: name }): [string, JobStatus][] => {
          const state = states[name]?.[Math.min(polls, states[name].length) - 1];
          return state === undefined ? [] : [[id, { state, attempt: 1, evidence: [] }]];
        }),
      );
    },
    cancel: async (handles) => {
      calls.push(`cancel ${handles.map(({ job: name }) => name).join(" ")}`);
    },
    async *logs({ job: name }, { offset = 0 }: LogOptions = {}) {
      const bytes = Buffer.from(logs[name] ?? "");
      const from = offset < 0 ? Math.max(0, bytes.length + offset) : offset;
      for (let at = from; at < bytes.length; at += 5)
        yield { attempt: 1, offset: at, bytes: bytes.subarray(at, Math.min(at + 5, bytes.length)) };
    },
    ...(found && { findExperiments: async () => found }),
    async [Symbol.asyncDispose]() {},
  };
  return { executor, calls, records };
}
