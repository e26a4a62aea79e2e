import { parentPort } from "node:worker_threads";

import type { Assignment } from "./crew.ts";
import { claimAndWork, createRowWork, setBusy } from "./table/rows.ts";
import { viewTable } from "./table/table.ts";

// A thread that takes rows of tables and fills them, until it is stopped.
parentPort?.on("message", ({ helper, task, memory, count, directory }: Assignment) => {
  const table = viewTable(memory, count);
  setBusy(task, table, helper, true);
  const work = createRowWork(task, table, directory);
  while (claimAndWork(task, table, work));
  setBusy(task, table, helper, false);
  parentPort?.postMessage(undefined);
});
