import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Job } from "@slipway/core";
import { parseEvidence, renderEnvironment, renderJobScript } from "@slipway/sbatch";
import type { JobEvidence } from "@slipway/sbatch";
import { temporaryDirectory } from "@slipway/testing";

export const shells: readonly { readonly name: string; readonly program: string }[] = [
  { name: "dash", program: "/bin/dash" },
  { name: "bash", program: "/bin/bash" },
  { name: "busybox", program: "/bin/busybox" },
].filter(({ program }) => existsSync(program));

export interface TestJob extends Partial<Job> {
  readonly sh?: string;
  readonly argv?: readonly string[];
  readonly secrets?: Readonly<Record<string, string>>;
  readonly graceSeconds?: number;
  /** Where the run directories lie; a folder of the bench when absent. */
  readonly directory?: string;
}

export interface StartOptions {
  readonly stdin?: "pipe" | "ignore";
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A folder in which scripts are run as an executor would run them. */
export interface Bench extends AsyncDisposable {
  readonly path: string;
  /** Writes a run directory; its path. */
  readonly prepare: (job: TestJob) => Promise<string>;
  readonly start: (runDir: string, options?: StartOptions) => ChildProcess;
  /** Prepares, starts and waits; the script's own exit code with what it left. */
  readonly run: (job: TestJob, options?: StartOptions) => Promise<Outcome>;
}

export interface Outcome {
  readonly exitCode: number | null;
  readonly evidence: JobEvidence;
  readonly log: string | undefined;
  readonly runDir: string;
}

export async function openBench(program: string): Promise<Bench> {
  const folder = await temporaryDirectory();
  const runs = path.join(folder.path, "it's a $(run)");
  const code = path.join(folder.path, "code");
  await mkdir(code);
  await mkdir(path.join(folder.path, "bin"));
  const shell = path.join(folder.path, "bin", "sh");
  await symlink(program, shell);
  const prepare: Bench["prepare"] = async ({
    sh = "exit 0",
    argv = ["sh", "-c", sh],
    secrets = {},
    graceSeconds,
    directory = runs,
    ...rest
  }) => {
    const job: Job = { name: "job", command: { kind: "argv", argv }, resources: {}, env: {}, needs: [], ...rest };
    const runDir = path.join(directory, job.name);
    await mkdir(runDir, { recursive: true });
    await symlink(code, path.join(runDir, "code"));
    await writeFile(
      path.join(runDir, "job.sh"),
      renderJobScript({ experiment: "e", job, token: `e.${job.name}.1`, graceSeconds }),
    );
    await writeFile(path.join(runDir, "env"), renderEnvironment(job.env));
    await writeFile(path.join(runDir, "secrets"), renderEnvironment(secrets));
    return runDir;
  };
  const start: Bench["start"] = (runDir, { args = [], stdin = "ignore", env = { PATH: process.env["PATH"] } } = {}) =>
    spawn(shell, [path.join(runDir, "job.sh"), ...args], {
      env: { ...env },
      detached: true,
      stdio: [stdin, "ignore", "ignore"],
    });
  return {
    path: folder.path,
    prepare,
    start,
    async run(job, options) {
      const runDir = await prepare(job);
      const exitCode = await exited(start(runDir, options));
      return {
        exitCode,
        runDir,
        evidence: await readEvidence(runDir),
        log: await readText(path.join(runDir, "attempt-1.log")),
      };
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

export function exited(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
}

export async function readEvidence(runDir: string): Promise<JobEvidence> {
  const files: Record<string, string> = {};
  for (const name of await readdir(runDir)) {
    if (/^(?:commit|cancel|attempt-\d+\.(?:start|group|status|exit))$/.test(name)) {
      files[name] = await readFile(path.join(runDir, name), "utf8");
    }
  }
  return parseEvidence(files);
}

async function readText(file: string): Promise<string | undefined> {
  return existsSync(file) ? readFile(file, "utf8") : undefined;
}

/** A folder with these commands alone, found on this machine, for a PATH without the others. */
export async function pathWith(directory: string, commands: readonly string[]): Promise<string> {
  const bin = path.join(directory, "few");
  await mkdir(bin);
  for (const command of commands) {
    const found = ["/bin", "/usr/bin"].map((folder) => path.join(folder, command)).find((file) => existsSync(file));
    if (found !== undefined) await symlink(found, path.join(bin, command));
  }
  return bin;
}
