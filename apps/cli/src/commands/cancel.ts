import { Command } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { printJson } from "../json.ts";

export function cancelCommand(context: Context) {
  return new Command("cancel")
    .description("ask for the end of an experiment's jobs, or of one job")
    .argument("<EXP[/JOB]>", "an experiment's id, the beginning of one, or its name")
    .option("--signal <S>", "only send this signal (USR1, SIGTERM, …) to the jobs' processes")
    .option("--json", "print one JSON document")
    .action(async (words, { signal: signalName, json }) => {
      const name = signalName === undefined ? undefined : await parseSignalName(signalName);
      const { openTarget } = await import("../target.ts");
      const { jobHandles } = await import("@slipway/experiment");
      await using target = await openTarget(words, context);
      const { record, jobs, executor } = target;
      await executor.cancel(jobHandles(jobs), { signalName: name, signal: context.signal });
      if (json)
        return printJson(context.stdout, { experiment: record.id, jobs: jobs.map((job) => job.name), signal: name });
      const what = jobs.map((job) => `${record.id}/${job.name}`).join(", ");
      context.stdout.write(name === undefined ? `Asked to cancel ${what}\n` : `Sent ${name} to ${what}\n`);
    });
}

async function parseSignalName(text: string): Promise<string> {
  const { constants } = await import("node:os");
  const name = text.toUpperCase().replace(/^SIG/, "");
  if (`SIG${name}` in constants.signals) return name;
  throw new CliError("CLI_USAGE", `There is no signal ${JSON.stringify(text)}`, {
    hint: `Signals are: ${Object.keys(constants.signals)
      .map((signal) => signal.slice(3))
      .join(" ")}`,
  });
}
