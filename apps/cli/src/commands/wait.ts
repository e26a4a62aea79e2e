import { Command } from "@commander-js/extra-typings";

import { Interrupted, OutputClosed } from "../context.ts";
import type { Context, SetExitCode } from "../context.ts";
import { exitCodeOfOutcome, exitCodes } from "../exit-codes.ts";
import { printJson, statusDocument } from "../json.ts";
import { hasColor } from "../report/text.ts";

export function waitCommand(context: Context, setExitCode: SetExitCode) {
  return new Command("wait")
    .description("wait until an experiment or a job has ended; the exit code tells how")
    .argument("<EXP[/JOB]>", "an experiment's id, the beginning of one, or its name")
    .option("--json", "print one JSON document at the end")
    .action(async (words, { json }) => {
      const { openTarget } = await import("../target.ts");
      const { waitForExperiment } = await import("@slipway/experiment");
      await using target = await openTarget(words, context);
      try {
        const status = await waitForExperiment({ ...target, signal: context.signal });
        if (json) printJson(context.stdout, statusDocument(status));
        else {
          const { renderStatus } = await import("../report/status.ts");
          const color = hasColor(context.stdout, context.env);
          context.stdout.write(renderStatus(status, { color, why: false, now: new Date() }));
        }
        setExitCode(exitCodeOfOutcome(status));
      } catch (error) {
        if (!(error instanceof Interrupted) || error instanceof OutputClosed) throw error;
        const { id } = target.record;
        context.stderr.write(`\nStopped waiting. ${id} goes on; cancel it with: slipway cancel ${id}\n`);
        setExitCode(exitCodes.interrupted);
      }
    });
}
