import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { quoteShell } from "@slipway/core";
import { createSlurmExecutor } from "@slipway/executor-slurm";
import type { SlurmExecutor } from "@slipway/executor-slurm";
import { openLocalTransport } from "@slipway/transport-local";

/** What the tools of a cluster print, for tests that need no cluster. */
export interface ToldSlurm {
  readonly clusterName?: string;
  /** Rows of squeue, in the columns that slipway asks for. */
  readonly squeue?: readonly string[];
  readonly sacct?: readonly string[];
  /** What scancel says when it refuses. */
  readonly scancelSays?: string;
}

export interface ToldCluster extends AsyncDisposable {
  readonly executor: SlurmExecutor;
  /** Where the calls of scancel are noted. */
  readonly cancelled: string;
}

export interface ToldOptions {
  /** The cluster's tools lie in it, and its job_dir. */
  readonly folder: string;
  /** What people call the cluster. */
  readonly name?: string;
  readonly jobDir?: string;
  readonly cacheDirectory?: string;
}

/** An executor on a host whose Slurm is a few scripts. */
export async function openToldCluster(
  { clusterName = "alpha", squeue = [], sacct = [], scancelSays }: ToldSlurm,
  { folder, name = "c", jobDir = path.join(folder, "job"), cacheDirectory }: ToldOptions,
): Promise<ToldCluster> {
  const tools = path.join(folder, "bin");
  const cancelled = path.join(folder, "cancelled");
  const print = (lines: readonly string[]) => lines.map((line) => `printf '%s\\n' ${quoteShell(line)}\n`).join("");
  const scripts = {
    sbatch: "exit 1\n",
    scontrol: print([
      `ClusterName             = ${clusterName}`,
      "AccountingStorageType   = accounting_storage/slurmdbd",
    ]),
    squeue: print(squeue),
    sacct: print(sacct),
    scancel: `printf '%s\\n' "$*" >>${quoteShell(cancelled)}\n${scancelSays === undefined ? "" : `echo ${quoteShell(scancelSays)} >&2; exit 1\n`}`,
  };
  await mkdir(tools, { recursive: true });
  for (const [tool, text] of Object.entries(scripts)) {
    await writeFile(path.join(tools, tool), `#!/bin/sh\n${text}`);
    await chmod(path.join(tools, tool), 0o755);
  }
  const transport = openLocalTransport({ env: { PATH: `${tools}:/usr/bin:/bin`, USER: "ada" } });
  const executor = createSlurmExecutor({
    transport,
    jobDir,
    cluster: { name, pollMinimumSeconds: cacheDirectory === undefined ? 0 : 60 },
    cacheDirectory,
  });
  return {
    executor,
    cancelled,
    async [Symbol.asyncDispose]() {
      await executor[Symbol.asyncDispose]();
      await transport[Symbol.asyncDispose]();
    },
  };
}
