import { existsSync } from "node:fs";
import { symlink } from "node:fs/promises";
import path from "node:path";

import type { Bundle, Executor, Job, JobHandle, JobPlan, JobStatus, LogOptions, StagedCode } from "@slipway/core";
import { isFinalState } from "@slipway/core";
import { createLocalExecutor } from "@slipway/executor-local";
import type { LocalExecutorOptions } from "@slipway/executor-local";
import { packBundle } from "@slipway/packager";
import { eventually, executorContractFiles, gitRepository, temporaryDirectory } from "@slipway/testing";
import type { FileSpec } from "@slipway/testing";

/** What of this machine's environment jobs need. */
export const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], USER: "ada" };

export interface Fixture extends AsyncDisposable {
  readonly home: string;
  readonly executor: Executor;
  readonly bundle: Bundle;
  readonly code: StagedCode;
  readonly plan: (job?: TestJob, experiment?: string) => JobPlan;
  readonly start: (job: TestJob) => Promise<JobHandle>;
  readonly status: (handle: JobHandle) => Promise<JobStatus | undefined>;
  readonly until: (handle: JobHandle, state: JobStatus["state"]) => Promise<JobStatus>;
  readonly end: (handle: JobHandle) => Promise<JobStatus>;
  readonly log: (handle: JobHandle, options?: LogOptions) => Promise<string>;
}

export interface TestJob extends Partial<Job> {
  readonly sh?: string;
  readonly argv?: readonly string[];
}

export interface FixtureOptions extends Partial<LocalExecutorOptions> {
  readonly files?: Readonly<Record<string, FileSpec>>;
}

/** A home with staged code, in a folder whose name needs quoting. */
export async function openFixture({ files = {}, ...options }: FixtureOptions = {}): Promise<Fixture> {
  const folder = await temporaryDirectory();
  const repository = await gitRepository(path.join(folder.path, "repo"), {
    files: { ...executorContractFiles, ...files },
  });
  const bundle = await packBundle({ cwd: repository.path, env });
  const home = path.join(folder.path, "it's $(a) home");
  const executor = createLocalExecutor({ home, env, cores: 4, ...options });
  const code = await executor.stage(bundle);
  const status: Fixture["status"] = async (handle) => (await executor.poll([handle])).get(handle.id);
  const waitFor = (handle: JobHandle, what: string, is: (seen: JobStatus) => boolean) =>
    eventually(`job ${handle.job} to be ${what}`, async () => {
      const seen = await status(handle);
      return seen && is(seen) ? seen : undefined;
    });
  const plan: Fixture["plan"] = ({ sh = "exit 0", argv = ["sh", "-c", sh], ...job } = {}, experiment = "exp-1") =>
    executor.plan(
      { name: "job", command: { kind: "argv", argv }, resources: {}, env: {}, needs: [], ...job },
      { experiment, code, secrets: {}, comments: [], tryNumber: 1 },
    );
  return {
    home,
    executor,
    bundle,
    code,
    plan,
    status,
    async start(job) {
      const [handle] = await executor.submit([plan(job)]);
      if (!handle) throw new Error("No handle");
      return handle;
    },
    until: (handle, state) => waitFor(handle, state, (seen) => seen.state === state),
    end: (handle) => waitFor(handle, "at its end", (seen) => isFinalState(seen.state)),
    async log(handle, logOptions) {
      const chunks: Uint8Array[] = [];
      for await (const { bytes } of executor.logs(handle, logOptions)) chunks.push(bytes);
      return Buffer.concat(chunks).toString();
    },
    async [Symbol.asyncDispose]() {
      await executor[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export const shells: readonly { readonly name: string; readonly program: string }[] = [
  { name: "dash", program: "/bin/dash" },
  { name: "bash", program: "/bin/bash" },
  { name: "busybox", program: "/bin/busybox" },
].filter(({ program }) => existsSync(program));

/** A path that starts this shell as `sh`, as its name tells it which shell to be. */
export async function shellNamedSh(directory: string, program: string): Promise<string> {
  const shell = path.join(directory, "sh");
  await symlink(program, shell);
  return shell;
}
