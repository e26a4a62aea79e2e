import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";

import { isJobName } from "@slipway/core";
import type { ExperimentRecord } from "@slipway/core";

import { ExperimentError } from "./error.ts";

/** A record that could not be read, and why; the others are not affected by it. */
export interface UnreadableRecord {
  readonly file: string;
  readonly why: string;
}

/** The records below one home: `<home>/runs/<experiment>/experiment.json`. */
export interface RecordStore {
  /** Claims the experiment's directory; false when the id is taken. */
  claim(id: string): Promise<boolean>;
  /** Writes a claimed experiment's record atomically. */
  write(record: ExperimentRecord): Promise<void>;
  /** Takes back a claim whose submission failed: the directory with all that is in it. */
  discard(id: string): Promise<void>;
  /** All records, newest first. */
  list(): Promise<{ readonly records: readonly ExperimentRecord[]; readonly unreadable: readonly UnreadableRecord[] }>;
}

/** `home` is absolute. Nothing is created before the first claim. */
export function createRecordStore({ home }: { readonly home: string }): RecordStore {
  const runs = path.join(home, "runs");
  const recordFile = (id: string) => path.join(runs, id, "experiment.json");
  return {
    async claim(id) {
      await telling(runs, () => mkdir(runs, { recursive: true }));
      try {
        await mkdir(path.join(runs, id));
        return true;
      } catch (error) {
        if (isErrno(error, "EEXIST")) return false;
        throw notWritable(runs, error);
      }
    },
    async write(record) {
      await telling(recordFile(record.id), () => writeAtomically(recordFile(record.id), renderRecord(record)));
    },
    async discard(id) {
      await rm(path.join(runs, id), { recursive: true, force: true });
    },
    async list() {
      const records: ExperimentRecord[] = [];
      const unreadable: UnreadableRecord[] = [];
      for (const id of await experimentNames(runs)) {
        const file = recordFile(id);
        try {
          records.push(parseRecord(await readFile(file, "utf8"), file));
        } catch (error) {
          if (isErrno(error, "ENOENT") || isErrno(error, "ENOTDIR")) continue; // Claimed a moment ago, or no experiment's.
          unreadable.push({ file, why: error instanceof Error ? error.message : String(error) });
        }
      }
      records.sort((a, b) => b.createdAt.localeCompare(a.createdAt) || a.id.localeCompare(b.id));
      return { records, unreadable };
    },
  };
}

function renderRecord(record: ExperimentRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

/** Throws EXPERIMENT_RECORD_UNREADABLE for text that is no record of a version this slipway knows. */
function parseRecord(text: string, file: string): ExperimentRecord {
  const unreadable = (why: string, cause?: unknown) =>
    new ExperimentError("EXPERIMENT_RECORD_UNREADABLE", `${file} ${why}`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable("is not JSON", error);
  }
  if (!isObject(value) || !("version" in value)) throw unreadable("is not an experiment's record");
  if (value["version"] !== 1) throw unreadable("was written by another version of slipway (update slipway to read it)");
  const { id, name, cluster, createdAt, code, jobs } = value;
  const texts = [id, name, cluster, createdAt].every((field) => typeof field === "string");
  const hasJobs = Array.isArray(jobs) && jobs.every((job) => isObject(job) && typeof job["name"] === "string");
  if (!texts || !isObject(code) || !hasJobs || !isJobName(String(id))) throw unreadable("lacks fields of a record");
  return value as unknown as ExperimentRecord;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function experimentNames(runs: string): Promise<readonly string[]> {
  try {
    return (await readdir(runs)).filter(isJobName);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw new ExperimentError("EXPERIMENT_RECORD_UNREADABLE", `The folder of the records cannot be read: ${runs}`, {
      cause: error,
    });
  }
}

async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.tmp-${process.pid}`;
  try {
    const handle = await open(temporary, "w", 0o644);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function telling(file: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw notWritable(file, error);
  }
}

function notWritable(file: string, cause: unknown): Error {
  if (isErrno(cause, "ENOSPC") || isErrno(cause, "EDQUOT")) {
    return new ExperimentError("EXPERIMENT_DISK_FULL", `No space left to write ${file}`, {
      cause,
      hint: "Free some space",
    });
  }
  return new ExperimentError("EXPERIMENT_HOME_NOT_WRITABLE", `Cannot write ${file}: ${errorText(cause)}`, {
    cause,
    hint: "Make it writable, or set SLIPWAY_HOME to a folder that is",
  });
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
