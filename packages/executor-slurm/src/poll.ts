import type { Clock, JobHandle, JobId, JobStatus, Transport } from "@slipway/core";

import { nativeId, ownHandles } from "./native-id.ts";
import { judgeAll, readAccounting, readFiles, readQueue } from "./observation.ts";
import type { Observation } from "./observation.ts";
import { renderPollScript } from "./poll-script.ts";
import { planQuestions } from "./questions.ts";
import type { Questions } from "./questions.ts";
import type { Memory, Remembered, RememberedAccounting, RememberedQueue } from "./remembered.ts";
import { runScript, toolMissing } from "./remote.ts";
import type { Answer } from "./remote.ts";

export interface PollContext {
  readonly transport: Transport;
  readonly jobDir: string;
  readonly memory: Memory;
  readonly clock: Clock;
  /** The floor between two questions to Slurm. */
  readonly minimumMs: number;
  /** False never to ask accounting. */
  readonly asksAccounting: boolean;
  readonly onSilent: (reason: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks about all jobs in one command. The jobs' own files are always read; Slurm is not asked again within the floor: what it said then, to
 * any terminal of the user, counts. Jobs of which nothing is left are omitted.
 */
export async function pollJobs(
  handles: readonly JobHandle[],
  context: PollContext,
): Promise<ReadonlyMap<JobId, JobStatus>> {
  const { transport, jobDir, memory, clock, minimumMs, asksAccounting, onSilent, signal } = context;
  const before = await memory.read();
  const known = ownHandles(handles, before.facts?.clusterName);
  if (known.length === 0) return new Map();
  const askedAtMs = clock.now().getTime();
  const questions = planQuestions(before, { ids: known.map(nativeId), nowMs: askedAtMs, minimumMs, asksAccounting });
  const answer = await runScript(transport, renderPollScript({ jobDir, handles: known, ...questions }), { signal });
  const failed = answer.sections.find(({ word }) => word === "FAIL");
  if (failed) throw toolMissing(transport.host, failed.rest.replace(/^tool /, ""));
  const after = remember(before, { answer, questions, askedAtMs });
  const isCurrent = after.accounting !== before.accounting || (questions.accounted ?? []).length > 0;
  // What accounting said long ago is no evidence.
  const observation = observe({ ...after, accounting: isCurrent ? after.accounting : undefined }, answer, known);
  if (after !== before || observation.absentSince !== after.absentSince)
    await memory.update({ ...after, absentSince: observation.absentSince });
  if (!observation.squeue) onSilent(answer.stderr.split("\n").at(-1) ?? "");
  return judgeAll(known, observation, jobDir);
}

interface Asked {
  readonly answer: Answer;
  readonly questions: Questions;
  readonly askedAtMs: number;
}

/** What is known now of Slurm's answers. */
function remember(before: Remembered, { answer, questions, askedAtMs }: Asked): Remembered {
  const at = timeOf(answer);
  const [code, tookSeconds] = (sectionOf(answer, "SQUEUE")?.rest ?? "").split(" ");
  const queueText = sectionOf(answer, "SQUEUE")?.body;
  const queue: RememberedQueue | undefined =
    queueText === undefined
      ? before.queue
      : { askedAtMs, at, tookSeconds: Number(tookSeconds) || 0, ...(code === "0" && { text: queueText }) };
  const accounting = rememberAccounting(before, { answer, questions, askedAtMs });
  const isDisabled = before.hasAccounting !== false && disabled.test(answer.stderr);
  if (queue === before.queue && accounting === before.accounting && !isDisabled) return before;
  const hasAccounting = isDisabled ? { hasAccounting: false } : {};
  return { ...before, ...(queue && { queue }), ...(accounting && { accounting }), ...hasAccounting };
}

/** Source: sacct of every release, where AccountingStorageType is none. */
const disabled = /accounting storage is disabled/i;

function rememberAccounting(before: Remembered, { answer, questions, askedAtMs }: Asked) {
  const section = sectionOf(answer, "SACCT");
  const [code, list = ""] = (section?.rest ?? "").split(" ");
  if (!section || code !== "0") return before.accounting;
  // What was not asked again is still as fresh as the plan wanted it.
  const kept = questions.accounted && questions.accounted.length > 0 ? before.accounting : undefined;
  const accounting: RememberedAccounting = {
    askedAtMs: kept?.askedAtMs ?? askedAtMs,
    at: timeOf(answer),
    ids: [...(kept?.ids ?? []), ...list.split(",")],
    text: `${kept?.text ?? ""}\n${section.body}`,
  };
  return accounting;
}

type Current = Pick<Remembered, "queue" | "absentSince"> & { readonly accounting: RememberedAccounting | undefined };

function observe(
  { queue, accounting, absentSince = {} }: Current,
  answer: Answer,
  handles: readonly JobHandle[],
): Observation {
  const squeue = queue?.text === undefined ? undefined : readQueue({ text: queue.text, at: queue.at });
  const sacct = accounting && readAccounting(accounting);
  const files = readFiles(answer.sections);
  return { now: timeOf(answer), squeue, sacct, files, absentSince: squeue ? follow() : absentSince };

  /** Of the jobs asked about; they are forgotten when squeue lists them. */
  function follow(): Readonly<Record<string, string>> {
    const listed = new Set(squeue?.rows.map(({ id }) => id.jobId));
    const absent = handles.map(nativeId).filter((id) => !listed.has(id));
    const isTheSame =
      absent.every((id) => id in absentSince) && Object.keys(absentSince).every((id) => !listed.has(id));
    if (isTheSame) return absentSince;
    const kept = Object.entries(absentSince)
      .filter(([id]) => !listed.has(id))
      .slice(-mostAbsent);
    const at = squeue?.at ?? "";
    return { ...Object.fromEntries(absent.map((id) => [id, at])), ...Object.fromEntries(kept) };
  }
}

const mostAbsent = 5_000;

function sectionOf({ sections }: Answer, name: string) {
  return sections.find(({ word }) => word === name);
}

function timeOf(answer: Answer): string {
  return sectionOf(answer, "AT")?.rest ?? "";
}
