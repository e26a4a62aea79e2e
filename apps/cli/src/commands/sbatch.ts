import { Command } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";

export function sbatchCommand(context: Context) {
  return new Command("sbatch")
    .description("print a job's script as it lies in its run directory")
    .argument("<EXP/JOB>", "a job; an experiment's id alone when it has one job")
    .option("--edit", "edit it in $EDITOR and write it back")
    .action(async (words, { edit }) => {
      const { editScript, readScript } = await import("../cluster/script.ts");
      if (edit) await editScript(words, context);
      else context.stdout.write(await readScript(words, context));
    });
}
