import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Job } from "@slipway/core";
import { renderEnvironment, renderSbatchScript } from "@slipway/sbatch";
import type { SbatchScriptOptions } from "@slipway/sbatch";
import { temporaryDirectory } from "@slipway/testing";

import { exited } from "./bench.ts";

export interface SlurmJob extends Omit<Partial<SbatchScriptOptions>, "job"> {
  readonly job?: Partial<Job>;
  readonly sh?: string;
  readonly argv?: readonly string[];
  readonly secrets?: Readonly<Record<string, string>>;
}

/** Starts scripts as slurmd does: a copy in its spool folder, in the directory of the submission, with SLURM_ variables. */
export interface SlurmBench extends AsyncDisposable {
  readonly path: string;
  readonly runDir: string;
  readonly prepare: (job: SlurmJob) => Promise<void>;
  readonly start: (variables?: Readonly<Record<string, string>>) => ChildProcess;
  readonly run: (job: SlurmJob, variables?: Readonly<Record<string, string>>) => Promise<number | null>;
  /** The files of the run directory, by name; those of `run` below it with their path. */
  readonly files: () => Promise<Readonly<Record<string, string>>>;
  /** Puts a program in front of the PATH. */
  readonly install: (name: string, script: string) => Promise<void>;
}

export async function openSlurmBench(program: string): Promise<SlurmBench> {
  const folder = await temporaryDirectory();
  const runDir = path.join(folder.path, "it's a $(run)");
  const bin = path.join(folder.path, "bin");
  const spooled = path.join(folder.path, "slurm_script");
  for (const directory of ["code", "bin", path.basename(runDir)]) await mkdir(path.join(folder.path, directory));
  await symlink(path.join(folder.path, "code"), path.join(runDir, "code"));
  await symlink(program, path.join(bin, "sh"));
  const prepare: SlurmBench["prepare"] = async ({
    job,
    sh = "exit 0",
    argv = ["sh", "-c", sh],
    secrets = {},
    ...rest
  }) => {
    const whole: Job = { name: "j", command: { kind: "argv", argv }, resources: {}, env: {}, needs: [], ...job };
    await writeFile(
      path.join(runDir, "job.sbatch"),
      renderSbatchScript({ experiment: "e", token: "e.j.1", ...rest, job: whole }),
    );
    await writeFile(path.join(runDir, "env"), renderEnvironment(whole.env));
    await writeFile(path.join(runDir, "secrets"), renderEnvironment(secrets));
    await copyFile(path.join(runDir, "job.sbatch"), spooled);
  };
  const start: SlurmBench["start"] = (variables = {}) =>
    spawn(path.join(bin, "sh"), [spooled], {
      cwd: runDir,
      env: { PATH: `${bin}:${process.env["PATH"]}`, SLURM_JOB_ID: "295", SLURMD_NODENAME: "n1", ...variables },
      detached: true,
      stdio: "ignore",
    });
  return {
    path: folder.path,
    runDir,
    prepare,
    start,
    async run(job, variables) {
      await prepare(job);
      return exited(start(variables));
    },
    async files() {
      const files: Record<string, string> = {};
      for (const directory of ["", "run"]) {
        if (!existsSync(path.join(runDir, directory))) continue;
        for (const entry of await readdir(path.join(runDir, directory), { withFileTypes: true })) {
          const name = path.join(directory, entry.name);
          if (entry.isFile() && !name.endsWith(".tmp")) files[name] = await readFile(path.join(runDir, name), "utf8");
        }
      }
      return files;
    },
    async install(name, script) {
      await writeFile(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
