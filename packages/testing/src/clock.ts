import type { Clock } from "@slipway/core";

export interface FakeClock extends Clock {
  /** The delays asked for, in order. */
  readonly slept: readonly number[];
  /** Moves the time on without a sleep. */
  advance(delayMs: number): void;
}

/** A clock whose sleeps are over at once and move its time on. */
export function fakeClock(start = new Date("2026-01-02T03:04:05.000Z")): FakeClock {
  let time = start.getTime();
  const slept: number[] = [];
  return {
    slept,
    now: () => new Date(time),
    async sleep(delayMs, signal) {
      signal?.throwIfAborted();
      slept.push(delayMs);
      time += delayMs;
      await new Promise((resolve) => setImmediate(resolve));
    },
    advance(delayMs) {
      time += delayMs;
    },
  };
}
