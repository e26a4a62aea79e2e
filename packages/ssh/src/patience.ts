import type { Clock } from "@slipway/core";

/** Runs out unless there is progress in time; does not while a person is thinking. */
export interface Patience {
  restart(): void;
  pause(): void;
}

export function createPatience(clock: Clock, limitMs: number, onLate: () => void): Patience {
  let waiting: AbortController | undefined;
  function pause(): void {
    waiting?.abort();
    waiting = undefined;
  }
  return {
    pause,
    restart() {
      pause();
      const current = new AbortController();
      waiting = current;
      clock.sleep(limitMs, current.signal).then(onLate, () => {}); // Aborted: there was progress.
    },
  };
}
