import { Command } from "@commander-js/extra-typings";

import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { printJson, statusDocument } from "../json.ts";
import { hasColor } from "../report/text.ts";
import { pollAll } from "../statuses.ts";

export function statusCommand(context: Context) {
  return new Command("status")
    .description("show the state of one experiment, or of all that are not finished")
    .argument("[EXP[/JOB]]", "an experiment's id, the beginning of one, or its name")
    .option("--why", "show the evidence that each state rests on")
    .option("--json", "print one JSON document")
    .action(async (target, { why = false, json }) => {
      const { findExperiment } = await import("@slipway/experiment");
      const records = await readRecords(context);
      const color = hasColor(context.stdout, context.env);
      if (target !== undefined) {
        const { record, jobs } = findExperiment(target, records);
        const [status] = await pollAll([{ ...record, jobs }], context);
        if (!status) return;
        if (json) return printJson(context.stdout, statusDocument(status));
        const { renderStatus } = await import("../report/status.ts");
        context.stdout.write(renderStatus(status, { color, why, now: new Date() }));
        return;
      }
      const { isFinalState } = await import("@slipway/core");
      const open = (await pollAll(records, context)).filter(({ state }) => !isFinalState(state));
      if (json) return printJson(context.stdout, open.map(statusDocument));
      if (open.length === 0) context.stderr.write("Nothing is queued or running (earlier ones: slipway list)\n");
      const { renderStatus } = await import("../report/status.ts");
      for (const status of open) context.stdout.write(renderStatus(status, { color, why, now: new Date() }));
    });
}
