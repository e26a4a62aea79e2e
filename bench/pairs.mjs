import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";

/** Runs two commands in turn, A B A B …, after one round that is not counted; `before` each round, not counted either. Times in seconds. */
export async function pairs(a, b, { runs = 7, before = async () => {} } = {}) {
  const times = [];
  for (let run = 0; run <= runs; run++) {
    await before();
    const round = [await seconds(a), await seconds(b)];
    if (run > 0) times.push(round);
  }
  return {
    a: median(times.map(([first]) => first)),
    b: median(times.map(([, second]) => second)),
    ratio: median(times.map(([first, second]) => first / second)),
  };
}

export async function seconds(work) {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}

/** One whole process, its output read and thrown away; rejects when it fails. */
export function command(program, args, options = {}) {
  return () =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], ...options });
      let stderr = "";
      child.stderr?.on("data", (chunk) => (stderr += chunk));
      child.on("error", reject);
      child.on("close", (exitCode) =>
        exitCode === 0 ? resolve() : reject(new Error(`${program} ${args.join(" ")}: exit ${exitCode}\n${stderr}`)),
      );
    });
}

export function sequence(...commands) {
  return async () => {
    for (const each of commands) await each();
  };
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const milliseconds = (seconds_) => `${(seconds_ * 1000).toFixed(0)} ms`;
