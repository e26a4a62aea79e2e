import { stripControlCharacters } from "@slipway/core";
import type { ExperimentStatus, NamedJobStatus } from "@slipway/experiment";
import { explainReason } from "@slipway/sbatch";

import { formatDuration, paint, renderTable, stateText } from "./text.ts";

export interface StatusRendering {
  readonly color: boolean;
  /** Adds the evidence below each job. */
  readonly why: boolean;
  readonly now: Date;
}

/** One experiment: a line for it, a line for each job. */
export function renderStatus(status: ExperimentStatus, { color, why, now }: StatusRendering): string {
  const head = `${paint(status.experiment, "bold", color)} on ${status.cluster}: ${stateText(status.state, color)}\n`;
  const rows = status.jobs.map((job) => [
    `  ${job.name}`,
    stateText(job.state, color),
    jobTime(job, now),
    paint(describeJob(job), "dim", color),
  ]);
  if (!why) return head + renderTable(rows);
  const table = renderTable(rows).split("\n");
  const lines = status.jobs.flatMap((job, index) => [table[index] ?? "", ...reasonLines(job), ...evidenceLines(job)]);
  return `${head}${lines.join("\n")}\n`;
}

/** Why a job waits, in words, where Slurm's word for it is known. */
function reasonLines({ state, reason }: NamedJobStatus): readonly string[] {
  const explained = state === "queued" && reason !== undefined ? explainReason(reason) : undefined;
  if (!explained) return [];
  return [`      ${explained.text}`, ...(explained.hint === undefined ? [] : [`      → ${explained.hint}`])];
}

/** What is said behind a state: exit code, signal, reason, attempt, the native id. */
export function describeJob({ reason, exitCode, signal, attempt, nativeId, state }: NamedJobStatus): string {
  const parts: string[] = [];
  if (exitCode !== undefined && (exitCode !== 0 || state !== "succeeded")) parts.push(`exit code ${exitCode}`);
  if (signal !== undefined) parts.push(`signal ${signal}`);
  if (reason !== undefined) parts.push(reason.replaceAll("_", " "));
  if (attempt > 1) parts.push(`attempt ${attempt}`);
  if (nativeId !== undefined && state === "running") parts.push(`id ${nativeId}`);
  return stripControlCharacters(parts.join(", "));
}

function jobTime({ startedAt, endedAt, submittedAt, state }: NamedJobStatus, now: Date): string {
  const from = startedAt ?? (state === "queued" ? submittedAt : undefined);
  if (from === undefined) return "";
  const until = endedAt === undefined ? now : new Date(endedAt);
  return formatDuration(until.getTime() - new Date(from).getTime());
}

function evidenceLines({ evidence }: NamedJobStatus): readonly string[] {
  return evidence.map(({ source, at, value }) => `      ${at}  ${source}: ${stripControlCharacters(value)}`);
}
