import { Command } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";
import { printJson } from "../json.ts";

export function pinCommand(context: Context) {
  return new Command("pin")
    .description("keep an experiment's code and logs whatever the policy")
    .argument("<EXP>", "an experiment's id, the beginning of one, or its name")
    .option("--json", "print one JSON document")
    .action(async (words, { json }) => {
      const { pinExperiment } = await import("../cleaning/pin.ts");
      const experiment = await pinExperiment(words, "pin", context);
      if (json) return printJson(context.stdout, { experiment, pinned: true });
      context.stdout.write(`Pinned ${experiment}; let go of it: slipway unpin ${experiment}\n`);
    });
}

export function unpinCommand(context: Context) {
  return new Command("unpin")
    .description("let the policy decide about an experiment's code and logs again")
    .argument("<EXP>", "an experiment's id, the beginning of one, or its name")
    .option("--json", "print one JSON document")
    .action(async (words, { json }) => {
      const { pinExperiment } = await import("../cleaning/pin.ts");
      const experiment = await pinExperiment(words, "unpin", context);
      if (json) return printJson(context.stdout, { experiment, pinned: false });
      context.stdout.write(`Unpinned ${experiment}\n`);
    });
}
