/** Lets so many in at a time, in the order they came. */
export interface Queue {
  /** Resolves with what lets the next one in; rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void>;
}

export function createQueue(places: number): Queue {
  let free = places;
  const waiting: (() => void)[] = [];

  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  }

  function leaveOnce(): () => void {
    let hasLeft = false;
    return () => {
      if (!hasLeft) leave();
      hasLeft = true;
    };
  }

  return {
    async enter(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return leaveOnce();
      }
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          waiting.splice(waiting.indexOf(begin), 1);
          reject(signal.reason as Error);
        };
        const begin = () => {
          signal.removeEventListener("abort", onAbort);
          resolve(leaveOnce());
        };
        waiting.push(begin);
        signal.addEventListener("abort", onAbort, { once: true });
      });
    },
  };
}
