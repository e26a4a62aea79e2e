import { Command } from "@commander-js/extra-typings";

import { Interrupted, OutputClosed } from "../context.ts";
import type { Context, SetExitCode } from "../context.ts";
import { CliError } from "../error.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Target } from "../target.ts";
import { wholeNumber } from "../values.ts";

export function logsCommand(context: Context, setExitCode: SetExitCode) {
  return new Command("logs")
    .description("print what a job, or every job of an experiment, has written")
    .argument("<EXP[/JOB]>", "an experiment's id, the beginning of one, or its name; EXP/JOB[3] is an array's element")
    .option("-f, --follow", "go on until the jobs have ended")
    .option("-n, --lines <N>", "only the last N lines", wholeNumber(0))
    .option("--attempt <K>", "the log of the K-th start; the last one by default", wholeNumber(1))
    .option("--array <I>", "only the element of this index", wholeNumber(0))
    .option("--rank <R>", "only a task's log, by its number, or a member's of a group, by its name")
    .option("--stderr", "only standard error, of jobs with SLIPWAY_STDERR=separate among their variables")
    .action(async (place, { follow, lines, attempt, array: given, rank, stderr }) => {
      const { openTarget } = await import("../target.ts");
      const { chosenElements, splitElements } = await import("../elements.ts");
      const { words, array } = splitElements(place, given?.toString());
      await using target = await openTarget(words, context);
      if (stderr) checkStderr(target);
      const [arrayIndex, another] = (await chosenElements(array, target.jobs)) ?? [];
      if (another !== undefined)
        throw new CliError("CLI_USAGE", `${place} is more than one element`, { hint: oneOrAll });
      const { printLogs } = await import("../report/logs.ts");
      const { signal } = context;
      try {
        const hasOutput = await printLogs(target, context, {
          follow,
          lastLines: lines,
          attempt,
          stderr,
          arrayIndex,
          rank: rank === undefined || !/^\d{1,9}$/.test(rank) ? rank : Number(rank),
          signal,
        });
        if (hasOutput || lines === 0) return;
        const ofAttempt = attempt === undefined ? "" : ` in attempt ${attempt}`;
        context.stderr.write(
          `note: ${place} has written nothing${ofAttempt}; see slipway status ${target.record.id}\n`,
        );
      } catch (error) {
        if (!(error instanceof Interrupted) || error instanceof OutputClosed) throw error;
        const { id } = target.record;
        context.stderr.write(`\nStopped following. ${id} goes on as it was; cancel it with: slipway cancel ${id}\n`);
        setExitCode(exitCodes.interrupted);
      }
    });
}

const oneOrAll = "Name one, as in EXP/JOB[3], or none for all of them";

/** Where both streams are one log nobody can tell them apart any more. */
function checkStderr({ record, jobs }: Pick<Target, "record" | "jobs">): void {
  const others = jobs.filter(({ env }) => env["SLIPWAY_STDERR"] !== "separate");
  if (others.length === 0) return;
  throw new CliError(
    "CLI_USAGE",
    `Output and errors of ${record.id}/${others[0]?.name ?? ""} are one log, in their order`,
    {
      hint: "Run it with --env SLIPWAY_STDERR=separate to have its errors in a log of their own, too",
    },
  );
}
