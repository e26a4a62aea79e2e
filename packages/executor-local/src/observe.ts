import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import type { Clock, JobHandle, JobStatus } from "@slipway/core";
import { judgeLocalJob, parseEvidence } from "@slipway/sbatch";
import type { JobEvidence, Liveness } from "@slipway/sbatch";

import { isErrno } from "./errno.ts";
import type { Processes } from "./processes.ts";

export interface Observer {
  readonly processes: Processes;
  readonly clock: Clock;
}

export interface Observation {
  readonly evidence: JobEvidence;
  readonly alive: Liveness;
  readonly status: JobStatus;
}

/** What can be known of a job now; undefined when its run directory is gone. */
export async function observeJob(handle: JobHandle, { processes, clock }: Observer): Promise<Observation | undefined> {
  const before = await readEvidence(handle.runDir);
  if (!before) return undefined;
  const boot = await processes.boot();
  const at = clock.now().toISOString();
  if (before.end) return judge(before, { boot, at, wrapper: false, group: false });
  // Processes first: what one that is gone has written can be read after that, and nothing is added.
  const wrapper = before.commit !== undefined && (await processes.isAlive(before.commit));
  const { group: leader } = (await readEvidence(handle.runDir)) ?? before;
  const group = !wrapper && leader !== undefined && (await processes.isGroupAlive(leader));
  const evidence = await readEvidence(handle.runDir);
  return evidence && judge(evidence, { boot, at, wrapper, group });
}

function judge(evidence: JobEvidence, alive: Liveness): Observation {
  return { evidence, alive, status: judgeLocalJob(evidence, alive) };
}

const evidencePattern = /^(?:commit|cancel|attempt-[1-9]\d{0,8}\.(?:start|group|status|exit))$/;

async function readEvidence(runDir: string): Promise<JobEvidence | undefined> {
  let names: readonly string[];
  try {
    names = await readdir(runDir);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
  const files: Record<string, string> = {};
  await Promise.all(
    names
      .filter((name) => evidencePattern.test(name))
      .map(async (name) => {
        const text = await readRecord(path.join(runDir, name));
        if (text !== undefined) files[name] = text;
      }),
  );
  return parseEvidence(files);
}

async function readRecord(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}
