import { Command } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";

export function sbatchCommand(context: Context) {
  return new Command("sbatch")
    .description("print a job's script as it lies in its run directory")
    .argument("<EXP/JOB>", "a job; an experiment's id alone when it has one job")
    .option("--edit", "edit it in $EDITOR and write it back")
    .option("--submit", "submit it again as it is now, with the same code, when the job has ended")
    .action(async (words, { edit, submit }) => {
      const { editScript, readScript } = await import("../cluster/script.ts");
      if (edit) await editScript(words, context);
      if (!edit && !submit) return void context.stdout.write(await readScript(words, context));
      if (!submit) return;
      const { submitScript } = await import("../cluster/submit-script.ts");
      const { experiment, job, tryNumber, nativeId } = await submitScript(
        words,
        await readScript(words, context),
        context,
      );
      context.stdout.write(`Submitted ${experiment}/${job} again, as try ${tryNumber} (id ${nativeId})\n`);
    });
}
