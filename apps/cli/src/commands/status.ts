import { Command } from "@commander-js/extra-typings";

import { readRecords } from "../compose.ts";
import { Interrupted, OutputClosed } from "../context.ts";
import type { Context, SetExitCode } from "../context.ts";
import { CliError } from "../error.ts";
import { exitCodes } from "../exit-codes.ts";
import { printJson, statusDocument } from "../json.ts";
import { hasColor } from "../report/text.ts";
import { pollAll } from "../statuses.ts";

export function statusCommand(context: Context, setExitCode: SetExitCode) {
  return new Command("status")
    .description("show the state of one experiment, or of all that are not finished")
    .argument("[EXP[/JOB]]", "an experiment's id, the beginning of one, or its name")
    .option("--why", "show the evidence that each state rests on")
    .option("--watch", "show it as it changes, until the jobs have ended")
    .option("--json", "print one JSON document")
    .action(async (target, { why = false, watch, json }) => {
      if (watch) return watchTarget(target, { why, json }, context, setExitCode);
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

async function watchTarget(
  words: string | undefined,
  { why, json }: { readonly why: boolean; readonly json: true | undefined },
  context: Context,
  setExitCode: SetExitCode,
): Promise<void> {
  if (words === undefined || why || json) {
    throw new CliError("CLI_USAGE", "--watch shows one experiment, without --why and --json", {
      hint: "Say slipway status --watch EXP; scripts wait with slipway wait EXP --json",
    });
  }
  const { openTarget } = await import("../target.ts");
  const { watchStatus } = await import("../report/watch.ts");
  await using target = await openTarget(words, context);
  try {
    await watchStatus(target, context);
  } catch (error) {
    if (!(error instanceof Interrupted) || error instanceof OutputClosed) throw error;
    context.stderr.write(`\nStopped watching. ${target.record.id} goes on\n`);
    setExitCode(exitCodes.interrupted);
  }
}
