import { Command, Option } from "@commander-js/extra-typings";

import type { Context, SetExitCode } from "../context.ts";
import { assertOneWay } from "../values.ts";

export function rerunCommand(context: Context, setExitCode: SetExitCode) {
  return new Command("rerun")
    .description("run an experiment again, as another one with the same graph")
    .argument("<EXP>", "an experiment's id, the beginning of one, or its name")
    .option("--failed", "only the jobs that have not succeeded; needs of the others are met")
    .addOption(
      new Option("--code <WHICH>", "the code of that run, or the one here")
        .choices(["same", "current"] as const)
        .default("same" as const),
    )
    .option("--follow", "show the output until the end (the default for local runs)")
    .option("--wait", "wait for the end without showing the output")
    .option("--detach", "neither follow nor wait")
    .option("--dry-run", "show the exact scripts; touch nothing")
    .option("--json", "print one JSON document; the jobs' output goes to stderr")
    .action(async (words, options) => {
      assertOneWay(options);
      const { rerunExperiment } = await import("../run/rerun.ts");
      await rerunExperiment(words, options, context, setExitCode);
    });
}
