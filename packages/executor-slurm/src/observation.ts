import type { JobHandle, JobId, JobStatus } from "@slipway/core";
import { judgeSlurmJob, parseSacct, parseSqueue, SbatchError } from "@slipway/sbatch";
import type { AccountingRow, QueueRow, SlurmAnswer, SlurmTable } from "@slipway/sbatch";

import { nativeId } from "./native-id.ts";
import { relative } from "./poll-script.ts";
import type { Section } from "./remote.ts";
import { filesOfTry } from "./tries.ts";

/** What is known of all jobs. */
export interface Observation {
  /** The login node's time, ISO 8601 in UTC. */
  readonly now: string;
  readonly squeue?: SlurmAnswer<QueueRow> | undefined;
  readonly sacct?: SlurmAnswer<AccountingRow> | undefined;
  /** By run directory as the script names it, then by name. */
  readonly files: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Since when squeue has not listed a job, by Slurm's id. */
  readonly absentSince: Readonly<Record<string, string>>;
}

/** Output of a tool that ended well, and when it was asked. */
export interface ToolOutput {
  readonly text: string;
  /** ISO 8601 in UTC. */
  readonly at: string;
}

export function readQueue({ text, at }: ToolOutput): SlurmAnswer<QueueRow> | undefined {
  const table = tableOf(text, parseSqueue);
  return table && { ...table, rows: table.rows.map((row) => (row.node === undefined ? notBegun(row) : row)), at };
}

export function readAccounting({ text, at }: ToolOutput): SlurmAnswer<AccountingRow> | undefined {
  const table = tableOf(text, parseSacct);
  return table && { ...table, rows: table.rows.map((row) => (row.nodes === undefined ? notBegun(row) : row)), at };
}

export function readFiles(sections: readonly Section[]): Observation["files"] {
  const files = new Map<string, Record<string, string>>();
  for (const { word, rest, body } of sections) {
    if (word !== "FILE") continue;
    const separator = rest.lastIndexOf("/");
    const directory = rest.slice(0, separator);
    const ofJob = files.get(directory) ?? {};
    files.set(directory, ofJob);
    ofJob[rest.slice(separator + 1)] = body;
  }
  return files;
}

/** A job that was cancelled before it had a node is told with a start: the time of its end. */
function notBegun<Row extends { readonly startedAt?: string }>(row: Row): Omit<Row, "startedAt"> {
  const { startedAt: _, ...rest } = row;
  return rest;
}

/** Undefined for text in which nothing can be read: that is no answer. */
function tableOf<Row>(text: string, parse: (text: string) => SlurmTable<Row>): SlurmTable<Row> | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof SbatchError) return undefined;
    throw error;
  }
}

export function judgeAll(
  handles: readonly JobHandle[],
  { now, squeue, sacct, files, absentSince }: Observation,
  jobDir: string,
): ReadonlyMap<JobId, JobStatus> {
  const queueOf = groupById(squeue?.rows ?? []);
  const accountingOf = groupById(sacct?.rows ?? []);
  const statuses = new Map<JobId, JobStatus>();
  for (const handle of handles) {
    const id = nativeId(handle);
    const queue = queueOf.get(id) ?? [];
    const accounting = accountingOf.get(id) ?? [];
    const directory = relative(handle.runDir, jobDir);
    const ofTry = (number: number) => files.get(`${directory}/try-${number}`) ?? {};
    const { submission, files: own } = filesOfTry(handle, { own: files.get(directory) ?? {}, ofTry });
    const token = submission?.token ?? tokenIn([...queue, ...accounting], handle);
    if (token === undefined) continue;
    const status = judgeSlurmJob({
      ...submission,
      id,
      token,
      files: own,
      squeue: squeue && { ...squeue, rows: queue },
      sacct: sacct && { ...sacct, rows: accounting },
      absentSince: absentSince[id],
      now,
    });
    statuses.set(handle.id, status);
  }
  return statuses;
}

/** For a job whose run directory is gone. */
function tokenIn(rows: readonly { readonly names: string }[], { experiment, job }: JobHandle): string | undefined {
  const beginning = `${experiment}.${job}.`;
  for (const { names } of rows) {
    const position = names.indexOf(beginning);
    const number = position < 0 ? "" : (/^\d{1,6}/.exec(names.slice(position + beginning.length))?.[0] ?? "");
    if (number !== "") return beginning + number;
  }
  return undefined;
}

function groupById<Row extends { readonly id: { readonly jobId: string } }>(
  rows: readonly Row[],
): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.id.jobId);
    if (group) group.push(row);
    else groups.set(row.id.jobId, [row]);
  }
  return groups;
}
