import { Command } from "@commander-js/extra-typings";

import type { Context, SetExitCode } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printJson } from "../json.ts";

export function syncCommand(context: Context, setExitCode: SetExitCode) {
  return new Command("sync")
    .description("learn of the experiments that a cluster has records of: on another laptop, after a lost home")
    .option("--cluster <C>", "only this cluster (default: all that have a file)")
    .option("--complete <EXP>", "instead submit what is missing of an experiment whose submission was cut off")
    .option("--json", "print one JSON document")
    .action(async ({ cluster, complete, json }) => {
      if (complete !== undefined) {
        const { completeForUser } = await import("../sync/complete.ts");
        const { record, missing } = await completeForUser(complete, context);
        if (json) return printJson(context.stdout, { experiment: record.id, cluster: record.cluster, jobs: missing });
        const what = missing.length === 0 ? "was submitted whole" : `submitted: ${missing.join(", ")}`;
        context.stdout.write(`${record.id} ${what}\n`);
        return;
      }
      const { renderSync, syncClusters } = await import("../sync/sync.ts");
      const results = await syncClusters(cluster, context);
      if (json) printJson(context.stdout, results);
      else for (const result of results) context.stdout.write(renderSync(result));
      if (results.length === 0) context.stderr.write("No clusters have a file here (write one: slipway init NAME)\n");
      if (results.some(({ error }) => error !== undefined)) setExitCode(exitCodes.unreachable);
    });
}
