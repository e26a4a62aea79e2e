import { Command } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";

export function pullCommand(context: Context) {
  return new Command("pull")
    .description("fetch what jobs have written to their run directories; run it again to go on")
    .argument("<EXP[/JOB]>", "an experiment's id, the beginning of one, or its name")
    .argument("[PATH]", "only this file or folder of SLIPWAY_RUN_DIR")
    .option("--to <DIR>", "where to put it (default: a folder of the experiment's id)")
    .option("--json", "print one JSON document")
    .action(async (words, path, { to, json }) => {
      const { pullOutputs } = await import("../pull/pull.ts");
      await pullOutputs(words, { path, to, json }, context);
    });
}
