import { stripControlCharacters } from "@slipway/core";
import type { ExperimentStatus, NamedJobStatus } from "@slipway/experiment";
import { explainReason } from "@slipway/sbatch";

import { formatDuration, paint, renderTable, stateText } from "./text.ts";

export interface StatusRendering {
  readonly color: boolean;
  /** Adds the evidence below each job. */
  readonly why: boolean;
  readonly now: Date;
  /** What each job waits for, in words, by its name. */
  readonly needs?: ReadonlyMap<string, string> | undefined;
}

/** One experiment: a line for it, a line for each job. */
export function renderStatus(status: ExperimentStatus, { color, why, now, needs }: StatusRendering): string {
  const head = `${paint(status.experiment, "bold", color)} on ${status.cluster}: ${stateText(status.state, color)}\n`;
  const isOne = status.jobs.length === 1;
  const shown = status.jobs.flatMap((job) => [{ job, name: nameWithIndices(job) }, ...partsOf(job, isOne || why)]);
  const rows = shown.map(({ job, name }) => [
    `  ${name}`,
    stateText(job.state, color),
    jobTime(job, now),
    paint(
      [describeMembers(job), describeJob(job), needs?.get(job.name) ?? ""].filter(Boolean).join("; "),
      "dim",
      color,
    ),
  ]);
  if (!why) return head + renderTable(rows);
  const table = renderTable(rows).split("\n");
  const lines = shown.flatMap(({ job }, index) => [table[index] ?? "", ...reasonLines(job), ...evidenceLines(job)]);
  return `${head}${lines.join("\n")}\n`;
}

interface ShownPart {
  readonly job: NamedJobStatus;
  readonly name: string;
}

/** A group's members always; an array's elements, which may be many, where somebody looks at the job alone. */
function partsOf({ members = [] }: NamedJobStatus, elementsToo: boolean): readonly ShownPart[] {
  return members
    .filter(({ arrayIndex }) => arrayIndex === undefined || elementsToo)
    .map((job) => ({ job, name: job.arrayIndex === undefined ? `  .${job.name}` : `  [${job.arrayIndex}]` }));
}

/** `train[0-9]`, `train[0,2,4-9]`. */
export function nameWithIndices({ name, members = [] }: NamedJobStatus): string {
  const indices = members.flatMap(({ arrayIndex }) => arrayIndex ?? []);
  return indices.length === 0 ? name : `${name}[${renderIndices(indices)}]`;
}

function renderIndices(indices: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const index of indices.toSorted((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range && range.last === index - 1) range.last = index;
    else ranges.push({ first: index, last: index });
  }
  const shown = ranges.slice(0, 5).map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  return `${shown.join(",")}${ranges.length > 5 ? ",…" : ""}`;
}

/** `7 succeeded, 2 running, 1 failed` of an array. */
function describeMembers({ members = [] }: NamedJobStatus): string {
  const elements = members.filter(({ arrayIndex }) => arrayIndex !== undefined);
  const counts = new Map<string, number>();
  for (const { state } of elements) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([state, amount]) => `${amount} ${state}`)
    .join(", ");
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
