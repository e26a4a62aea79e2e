import type { JobHandle, JobId, JobStatus, Transport } from "@slipway/core";
import { judgeSlurmJob, parseSacct, parseSqueue, SbatchError } from "@slipway/sbatch";
import type { AccountingRow, QueueRow, SlurmAnswer, SlurmTable } from "@slipway/sbatch";

import { nativeId } from "./native-id.ts";
import { relative, renderPollScript } from "./poll-script.ts";
import { runScript, toolMissing } from "./remote.ts";
import type { Answer } from "./remote.ts";
import { parseSubmission, submissionFile } from "./submission.ts";

export interface PollContext {
  readonly transport: Transport;
  readonly jobDir: string;
  /** False where there is no accounting. */
  readonly accounting: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Asks about all jobs in one command. Those of which nothing is left are omitted. */
export async function pollJobs(
  handles: readonly JobHandle[],
  { transport, jobDir, accounting, signal }: PollContext,
): Promise<ReadonlyMap<JobId, JobStatus>> {
  const known = handles.filter((handle) => nativeId(handle) !== "0");
  if (known.length === 0) return new Map();
  const script = renderPollScript({ jobDir, handles: known, asksQueue: true, asksAccounting: accounting });
  const answer = await runScript(transport, script, { signal });
  const failed = answer.sections.find(({ word }) => word === "FAIL");
  if (failed) throw toolMissing(transport.host, failed.rest.replace(/^tool /, ""));
  return judgeAll(known, readObservation(answer), jobDir);
}

/** What one answer says about all jobs. */
export interface Observation {
  /** The login node's time, ISO 8601 in UTC. */
  readonly at: string;
  readonly squeue?: SlurmAnswer<QueueRow>;
  readonly sacct?: SlurmAnswer<AccountingRow>;
  /** By run directory as the script names it, then by name. */
  readonly files: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

export function readObservation({ sections }: Answer): Observation {
  const at = sections.find(({ word }) => word === "AT")?.rest ?? "";
  const squeue = tableOf(sections.find(({ word, rest }) => word === "SQUEUE" && rest === "0")?.body, parseSqueue);
  const sacct = tableOf(sections.find(({ word, rest }) => word === "SACCT" && rest === "0")?.body, parseSacct);
  const files = new Map<string, Record<string, string>>();
  for (const { word, rest, body } of sections) {
    if (word !== "FILE") continue;
    const separator = rest.lastIndexOf("/");
    const directory = rest.slice(0, separator);
    const ofJob = files.get(directory) ?? {};
    files.set(directory, ofJob);
    ofJob[rest.slice(separator + 1)] = body;
  }
  return {
    at,
    ...(squeue && { squeue: { ...squeue, rows: squeue.rows.map((row) => begunOnly(row, row.node)), at } }),
    ...(sacct && { sacct: { ...sacct, rows: sacct.rows.map((row) => begunOnly(row, row.nodes)), at } }),
    files,
  };
}

/** A job that was cancelled before it had a node is told with a start: the time of its end. */
function begunOnly<Row extends QueueRow | AccountingRow>(row: Row, node: string | undefined): Row {
  if (node !== undefined || row.startedAt === undefined) return row;
  const { startedAt: _, ...rest } = row;
  return rest as Row; // Only what is optional was left out.
}

/** Undefined for text in which nothing can be read: that is no answer. */
function tableOf<Row>(text: string | undefined, parse: (text: string) => SlurmTable<Row>): SlurmTable<Row> | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof SbatchError) return undefined;
    throw error;
  }
}

export function judgeAll(
  handles: readonly JobHandle[],
  { at, squeue, sacct, files }: Observation,
  jobDir: string,
): ReadonlyMap<JobId, JobStatus> {
  const queueOf = groupById(squeue?.rows ?? []);
  const accountingOf = groupById(sacct?.rows ?? []);
  const statuses = new Map<JobId, JobStatus>();
  for (const handle of handles) {
    const id = nativeId(handle);
    const queue = queueOf.get(id) ?? [];
    const accounting = accountingOf.get(id) ?? [];
    const own = files.get(relative(handle.runDir, jobDir)) ?? {};
    const submission = parseSubmission(own[submissionFile] ?? "");
    const token = submission?.token ?? tokenIn([...queue, ...accounting], handle);
    if (token === undefined) continue;
    const status = judgeSlurmJob({
      ...submission,
      id,
      token,
      files: own,
      squeue: squeue && { ...squeue, rows: queue },
      sacct: sacct && { ...sacct, rows: accounting },
      now: at,
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
