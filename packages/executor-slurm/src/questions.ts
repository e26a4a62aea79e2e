import { readQueue } from "./observation.ts";
import type { KnownQueue, PollScriptOptions } from "./poll-script.ts";
import type { Remembered, RememberedQueue } from "./remembered.ts";

export type Questions = Pick<PollScriptOptions, "queue" | "pings" | "accounted">;

export interface QuestionOptions {
  /** Slurm's ids of the jobs that are asked about. */
  readonly ids: readonly string[];
  readonly nowMs: number;
  readonly minimumMs: number;
  readonly asksAccounting: boolean;
}

/**
 * What Slurm is asked now. Pure. What another terminal was told counts for a job only when it lists it, or when it was missed before: it may
 * have been said before the job was submitted. A controller that took long is asked less often; one that did not answer is
 * pinged first.
 */
export function planQuestions(
  { queue, accounting, hasAccounting, absentSince = {} }: Remembered,
  { ids, nowMs, minimumMs, asksAccounting }: QuestionOptions,
): Questions {
  const isRecent = queue !== undefined && isWithin(queue.askedAtMs, { nowMs, limitMs: floorOf(queue, minimumMs) });
  const known = isRecent ? knownQueue(queue) : undefined;
  const listed = new Set(known?.listed);
  const tellsAll = queue?.text === undefined || ids.every((id) => listed.has(id) || id in absentSince);
  const asksSacct = asksAccounting && hasAccounting !== false;
  const accounted =
    accounting && isWithin(accounting.askedAtMs, { nowMs, limitMs: accountingFactor * minimumMs })
      ? accounting.ids
      : [];
  return {
    queue: tellsAll ? known : undefined,
    pings: queue !== undefined && queue.text === undefined,
    accounted: asksSacct ? accounted : undefined,
  };
}

/** Accounting lags and costs more than squeue: it is asked less often about the same job. */
const accountingFactor = 4;
/** A question may take at most this part of the controller's time. */
const shareOfTime = 1 / 5;

function floorOf({ tookSeconds }: RememberedQueue, minimumMs: number): number {
  return minimumMs === 0 ? 0 : Math.max(minimumMs, (tookSeconds * 1000) / shareOfTime);
}

/** A time that lies ahead is another clock's. */
function isWithin(timeMs: number, { nowMs, limitMs }: { readonly nowMs: number; readonly limitMs: number }): boolean {
  return timeMs <= nowMs && nowMs - timeMs < limitMs;
}

function knownQueue({ text, at }: RememberedQueue): KnownQueue {
  const rows = (text === undefined ? undefined : readQueue({ text, at }))?.rows ?? [];
  const idsOf = (chosen: typeof rows) => [...new Set(chosen.map(({ id }) => id.jobId))];
  return { listed: idsOf(rows), failed: idsOf(rows.filter(({ state }) => state.name === "FAILED")) };
}
