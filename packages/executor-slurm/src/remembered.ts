import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { makeFolder } from "@slipway/core";

import type { ClusterFacts } from "./facts.ts";

/** What Slurm said a moment ago, so that no terminal of the user asks again too soon. Plain JSON. */
export interface Remembered {
  readonly queue?: RememberedQueue;
  readonly accounting?: RememberedAccounting;
  readonly facts?: ClusterFacts;
  readonly factsAskedAtMs?: number;
  /** Whether there is anybody to answer sacct. */
  readonly hasAccounting?: boolean;
  /** Shared texts that lie there, by sha-256. */
  readonly texts?: readonly string[];
  /** Where code was staged lately, by digest. */
  readonly staged?: Readonly<Record<string, { readonly directory: string; readonly atMs: number }>>;
  /** Since when squeue has not listed a job, ISO 8601 in UTC, by Slurm's id. */
  readonly absentSince?: Readonly<Record<string, string>>;
}

export interface RememberedQueue {
  /** This machine's time. */
  readonly askedAtMs: number;
  /** The login node's time, ISO 8601 in UTC. */
  readonly at: string;
  readonly tookSeconds: number;
  /** Absent when squeue failed. */
  readonly text?: string;
}

export interface RememberedAccounting {
  readonly askedAtMs: number;
  readonly at: string;
  readonly ids: readonly string[];
  readonly text: string;
}

export interface Memory {
  read(): Promise<Remembered>;
  /** The same, at once. */
  known(): Remembered;
  /** Keeps what it does not name. */
  update(change: Remembered): Promise<void>;
}

export interface MemoryOptions {
  /** Absolute, on this machine; absent: only this process remembers. */
  readonly directory: string | undefined;
  /** What tells one place from another: cluster, host, job_dir. A host's name may stand for several, by port. */
  readonly key: readonly string[];
}

export function openMemory({ directory, key }: MemoryOptions): Memory {
  const name = createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 32);
  const file = directory === undefined ? undefined : path.join(directory, `slurm-${name}.json`);
  let own: Remembered = {};
  let isRead = file === undefined;
  return {
    async read() {
      isRead = true;
      const shared = file === undefined ? undefined : await readShared(file);
      if (shared) own = shared;
      return own;
    },
    known() {
      if (file !== undefined && !isRead) own = readSharedNow(file) ?? own;
      isRead = true;
      return own;
    },
    async update(change) {
      own = { ...own, ...change };
      if (file !== undefined) await writeShared(file, own);
    },
  };
}

interface SharedFile {
  readonly version: 1;
  readonly remembered: Remembered;
}

/** A file that is not there, or not ours, is nothing remembered. */
async function readShared(file: string): Promise<Remembered | undefined> {
  try {
    return parseShared(await readFile(file, "utf8"));
  } catch (error) {
    return noneFor(error);
  }
}

function readSharedNow(file: string): Remembered | undefined {
  try {
    return parseShared(readFileSync(file, "utf8"));
  } catch (error) {
    return noneFor(error);
  }
}

function noneFor(error: unknown): undefined {
  if (error instanceof SyntaxError || (error instanceof Error && "code" in error)) return undefined;
  throw error;
}

function parseShared(text: string): Remembered | undefined {
  const content: unknown = JSON.parse(text);
  return isSharedFile(content) ? content.remembered : undefined;
}

function isSharedFile(content: unknown): content is SharedFile {
  if (typeof content !== "object" || content === null) return false;
  const { version, remembered } = content as { readonly version?: unknown; readonly remembered?: unknown };
  return version === 1 && typeof remembered === "object" && remembered !== null;
}

/** Only saves a question: what cannot be written is asked again. */
async function writeShared(file: string, remembered: Remembered): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  const content: SharedFile = { version: 1, remembered };
  try {
    makeFolder(path.dirname(file), { mode: 0o700 });
    await writeFile(draft, JSON.stringify(content), { mode: 0o600, flag: "wx" });
    await rename(draft, file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    await rm(draft, { force: true }).catch(() => {}); // As above.
  }
}
