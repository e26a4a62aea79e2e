import type { LiveRun } from "./inventory.ts";

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
] as const;

/** `3 d`, `2 h`, `40 s`: for reasons, in whole units. */
export function describeAge(seconds: number): string {
  for (const [name, length] of units) if (seconds >= length) return `${Math.floor(seconds / length)} ${name}`;
  return `${Math.floor(seconds)} s`;
}

const liveWords: Readonly<Record<LiveRun["state"], (run: string) => string>> = {
  alive: (run) => `${run} is alive`,
  unstarted: (run) => `${run} has not begun`,
  doubt: (run) => `the records of ${run} cannot be read`,
};

export function describeLiveRun({ run, state }: LiveRun): string {
  return liveWords[state](run);
}
