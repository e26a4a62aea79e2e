import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";

import { createSlices } from "./cooperate.ts";
import { claimAndWork, createRowWork, isBusy, setBusy } from "./table/rows.ts";
import type { Task } from "./table/rows.ts";
import type { FileTable } from "./table/table.ts";

/** Threads that share a table's rows with this one. */
export interface Crew extends AsyncDisposable {
  /** Starts the helpers, which takes them a while. Without it this thread does all. */
  start(): void;
  /** Does one task on all rows of a table of files below a directory; each task of a table once. */
  fill(task: Task, table: FileTable, directory: string): Promise<void>;
}

/** What a helper is told. */
export interface Assignment {
  readonly helper: number;
  readonly task: Task;
  readonly memory: SharedArrayBuffer;
  readonly count: number;
  readonly directory: string;
}

export interface CrewOptions {
  /** One less than there are processors, at most `mostHelpers`, when absent. */
  readonly helpers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const mostHelpers = 3;

/** Whatever keeps a helper from its work, this thread does it then. */
export function createCrew({ helpers = availableParallelism() - 1, signal }: CrewOptions): Crew {
  const workers: Worker[] = [];
  const gone = new Set<number>();
  let wake = () => {};
  const startOne = (helper: number) => {
    const threads = process.getBuiltinModule("node:worker_threads"); // Loaded by those only who have use for it.
    // Lies beside what was built, also while tests read the sources.
    const worker = new threads.Worker(new URL("../dist/helper-thread.js", import.meta.url), {
      execArgv: [],
      env: {},
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    });
    worker.on("message", () => wake());
    worker.on("error", () => {}); // It is gone then; the next event says so.
    worker.on("exit", () => {
      gone.add(helper);
      wake();
    });
    workers.push(worker);
  };
  return {
    start() {
      while (workers.length < Math.min(helpers, mostHelpers)) startOne(workers.length);
    },
    async fill(task, table, directory) {
      for (const [helper, worker] of workers.entries()) {
        const assignment: Assignment = { helper, task, memory: table.memory, count: table.count, directory };
        worker.postMessage(assignment);
      }
      const pause = createSlices(signal);
      const work = createRowWork(task, table, directory);
      while (claimAndWork(task, table, work)) {
        const paused = pause();
        if (paused) await paused;
      }
      for (const helper of workers.keys()) {
        while (isBusy(task, table, helper) && !gone.has(helper)) await new Promise<void>((resolve) => (wake = resolve));
        setBusy(task, table, helper, false);
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
