import type { DependencyType, JobArray, Retries, WarningSignal } from "@slipway/core";

import { ConfigError } from "./error.ts";
import { isReadBy, parseDuration } from "./units.ts";

export const arrayWords = "indices below 1000000 such as 0-9, 1,3,5-9:2 or 0-99%4";
export const warningWords = "a signal and the time before the limit, such as USR1@300 or USR2@5m";
export const afterWords = "an experiment such as EXP, EXP/JOB or EXP/JOB:any";

/** More elements than any scheduler takes in one array. */
const mostElements = 1_000_000;

/** An array of one command, as `sbatch --array` writes it: `0-9`, `1,3,5-9:2%4`. Throws CONFIG_INVALID_VALUE. */
export function parseArray(text: string): JobArray {
  const [, list = "", maxRunning] = /^([\d,:-]{1,4096})(?:%([1-9]\d{0,6}))?$/.exec(text.trim()) ?? [];
  const indices = new Set<number>();
  for (const item of list.split(",")) {
    const [, first, last = first, step = "1"] = /^(\d{1,7})(?:-(\d{1,7})(?::([1-9]\d{0,6}))?)?$/.exec(item) ?? [];
    if (first === undefined || Number(last) < Number(first)) throw invalid(arrayWords, text);
    if (Number(last) >= mostElements) throw invalid(`indices below ${mostElements}`, text);
    for (let index = Number(first); index <= Number(last); index += Number(step)) indices.add(index);
  }
  return {
    indices: [...indices].toSorted((a, b) => a - b),
    ...(maxRunning !== undefined && { maxRunning: Number(maxRunning) }),
  };
}

/**
 * `SIGNAL@TIME`: USR1 or USR2 so long before the time limit. A bare number is seconds, as for `sbatch --signal` (source: sbatch(1)); else a
 * duration with units: `5m`. Throws CONFIG_INVALID_VALUE.
 */
export function parseWarning(text: string): WarningSignal {
  const [, signalName, time = ""] = /^(?:SIG)?(USR[12])@(\w+)$/.exec(text.trim()) ?? [];
  const isSeconds = /^\d{1,9}$/.test(time);
  if (signalName === undefined || !(isSeconds || isReadBy(parseDuration, time))) throw invalid(warningWords, text);
  const secondsBefore = isSeconds ? Number(time) : parseDuration(time);
  if (secondsBefore < 1) throw invalid(warningWords, text);
  return { signalName, secondsBefore };
}

/** One budget for each cause that is not the command's own wish. */
export function retriesForEach(budget: number): Retries {
  return { timeout: budget, preempted: budget, nodeFailed: budget, failed: budget };
}

/** Another experiment, or one of its jobs, that must end first. */
export interface AfterReference {
  /** An id, the beginning of one, or a name. */
  readonly experiment: string;
  /** All its jobs when absent. */
  readonly job?: string;
  readonly type: DependencyType;
}

/** `EXP[/JOB][:ok|any|notok|corresponding]`. Throws CONFIG_INVALID_VALUE. */
export function parseAfter(text: string): AfterReference {
  const [, experiment, job, type] = /^([^/:\s]+)(?:\/([^/:\s]+))?(?::([a-z]+))?$/.exec(text.trim()) ?? [];
  const isType = type === undefined || isDependencyType(type);
  if (experiment === undefined || !isType) throw invalid(afterWords, text);
  return { experiment, ...(job !== undefined && { job }), type: type ?? "ok" };
}

export const dependencyTypes = ["ok", "any", "notok", "corresponding"] as const satisfies readonly DependencyType[];

function isDependencyType(text: string): text is DependencyType {
  return (dependencyTypes as readonly string[]).includes(text);
}

function invalid(words: string, text: string): ConfigError {
  return new ConfigError("CONFIG_INVALID_VALUE", `Expected ${words}, got ${JSON.stringify(text.slice(0, 80))}`);
}
