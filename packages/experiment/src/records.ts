import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { isJobName, makeFolder } from "@slipway/core";
import type { CallOptions, ExperimentRecord } from "@slipway/core";

import { isErrno, isSystemError } from "./errno.ts";
import { ExperimentError } from "./error.ts";
import { isAlive, ownIdentity } from "./process-identity.ts";
import { parseRecord, renderRecord } from "./record-text.ts";
import { replaceFile, sweepTurns, syncFolder } from "./replace-file.ts";
import { notWritable } from "./write-failure.ts";

/** A record that could not be read, and why; the others are not affected by it. */
export interface UnreadableRecord {
  readonly file: string;
  readonly why: string;
}

/** The records below one home: `<home>/runs/<experiment>/experiment.json`. */
export interface RecordStore {
  /** Claims the experiment's directory for a submission of this process; false when the id is taken. */
  claim(id: string): Promise<boolean>;
  /** Writes a claimed experiment's record, whole before and after a crash. */
  write(record: ExperimentRecord): Promise<void>;
  /**
   * Changes a record as it is now, and gives what was written; of several processes none loses another's change. The change may be asked
   * for again with a newer record; fields that this version does not know are in what it is given, and stay when it spreads that.
   * Rejects with EXPERIMENT_NOT_FOUND or EXPERIMENT_RECORD_UNREADABLE, and then leaves all as it is.
   */
  update(id: string, change: RecordChange, options?: CallOptions): Promise<ExperimentRecord>;
  /** Whether the process that claimed the experiment lives and has neither submitted it nor given it up. */
  isBeingSubmitted(id: string): Promise<boolean>;
  /** This process submits the experiment no longer, and its record stays. */
  giveUp(id: string): Promise<void>;
  /** Takes back a claim whose submission failed: the directory with all that is in it. */
  discard(id: string): Promise<void>;
  /** All records, newest first. */
  list(): Promise<{ readonly records: readonly ExperimentRecord[]; readonly unreadable: readonly UnreadableRecord[] }>;
}

export type RecordChange = (record: ExperimentRecord) => ExperimentRecord;

/** `home` is absolute. Nothing is created before the first claim. */
export function createRecordStore({ home }: { readonly home: string }): RecordStore {
  const runs = path.join(home, "runs");
  const recordFile = (id: string) => path.join(runs, checkId(id), "experiment.json");
  const submitterFile = (id: string) => path.join(runs, checkId(id), ".submitter");
  const giveUp = (id: string) => rm(submitterFile(id), { force: true });
  return {
    async claim(id) {
      const folder = path.join(runs, checkId(id));
      await telling(runs, async () => makeFolder(runs));
      try {
        await mkdir(folder);
      } catch (error) {
        if (isErrno(error, "EEXIST")) return false;
        throw notWritable(runs, error);
      }
      await telling(folder, async () => writeFile(submitterFile(id), await ownIdentity()));
      return true;
    },
    async write(record) {
      const file = recordFile(record.id);
      await telling(file, async () => {
        await replaceFile(file, () => renderRecord(record));
        await syncFolder(runs); // The experiment's own folder may be as new as its record.
      });
      if (record.phase === "submitted") await giveUp(record.id);
    },
    async update(id, change, { signal } = {}) {
      const file = recordFile(id);
      const replacement = (before: string | undefined) => {
        if (before === undefined) throw notFound(id);
        return renderRecord(change(parseRecord(before, file)));
      };
      const text = await replaceFile(file, replacement, signal).catch((error: unknown) => {
        if (isErrno(error, "ENOENT")) throw notFound(id);
        throw isSystemError(error) ? notWritable(file, error) : error;
      });
      const record = parseRecord(text, file);
      if (record.phase === "submitted") await giveUp(id);
      await sweepTurns(file);
      return record;
    },
    async isBeingSubmitted(id) {
      const identity = await readFile(submitterFile(id), "utf8").catch((error: unknown) => {
        if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
        throw error;
      });
      return identity !== undefined && (await isAlive(identity));
    },
    giveUp,
    async discard(id) {
      await rm(path.join(runs, checkId(id)), { recursive: true, force: true });
    },
    async list() {
      const records: ExperimentRecord[] = [];
      const unreadable: UnreadableRecord[] = [];
      for (const id of await experimentNames(runs)) {
        const file = recordFile(id);
        try {
          records.push(parseRecord(await readFile(file, "utf8"), file));
        } catch (error) {
          if (isErrno(error, "ENOENT", "ENOTDIR")) continue; // Claimed a moment ago, or no experiment's.
          unreadable.push({ file, why: error instanceof Error ? error.message : String(error) });
        }
      }
      records.sort((a, b) => b.createdAt.localeCompare(a.createdAt) || a.id.localeCompare(b.id));
      return { records, unreadable };
    },
  };
}

/** An id becomes a part of a path. */
function checkId(id: string): string {
  if (isJobName(id)) return id;
  throw new ExperimentError("EXPERIMENT_INVALID", `${JSON.stringify(id)} cannot be an experiment's id`);
}

function notFound(id: string): ExperimentError {
  return new ExperimentError("EXPERIMENT_NOT_FOUND", `There is no record of the experiment ${id}`, {
    hint: "See them all: slipway list",
  });
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

async function telling(file: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw notWritable(file, error);
  }
}
