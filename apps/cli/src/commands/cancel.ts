import { Command } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { printJson } from "../json.ts";
import { nameAll } from "../report/text.ts";

export function cancelCommand(context: Context) {
  return new Command("cancel")
    .description("ask for the end of an experiment's jobs, or of one job")
    .argument("<EXP[/JOB]>", "an experiment's id, the beginning of one, or its name; EXP/JOB[3] is an element")
    .option("--subtree", "and of all jobs that wait for it")
    .option("--array <SPEC>", "only these elements of an array: 3, or 0-4,9")
    .option("--signal <S>", "only send this signal (USR1, SIGTERM, …) to the jobs' processes")
    .option("--json", "print one JSON document")
    .action(async (target, { signal: signalName, subtree, array: given, json }) => {
      const { chosenElements, splitElements } = await import("../elements.ts");
      const { words, array } = splitElements(target, given);
      if (subtree && array !== undefined)
        throw new CliError("CLI_USAGE", "--subtree is about whole jobs, --array about elements of one");
      const name = signalName === undefined ? undefined : await parseSignalName(signalName);
      const { takeBackForUser } = await import("../sync/complete.ts");
      const taken = name === undefined && array === undefined ? await takeBackForUser(words, context) : undefined;
      if (taken) {
        if (json) return printJson(context.stdout, { experiment: taken.id, jobs: taken.jobs.map((job) => job.name) });
        context.stdout.write(`Took back ${taken.id}, whose submission was cut off: nothing of it will begin\n`);
        return;
      }
      const { openTarget } = await import("../target.ts");
      const { dependentsOf, jobHandles } = await import("@slipway/experiment");
      await using found = await openTarget(words, context);
      const { record, executor } = found;
      const names = found.jobs.map((job) => job.name);
      const { all, never } = dependentsOf(record, names);
      const jobs = subtree
        ? record.jobs.filter((job) => names.includes(job.name) || all.includes(job.name))
        : found.jobs;
      const arrayIndices = await chosenElements(array, jobs);
      await executor.cancel(jobHandles(jobs), { signalName: name, arrayIndices, signal: context.signal });
      const lost = name === undefined && !subtree ? never : [];
      if (json) {
        const cancelled = {
          experiment: record.id,
          jobs: jobs.map((job) => job.name),
          array: arrayIndices,
          signal: name,
        };
        return printJson(context.stdout, { ...cancelled, ...(lost.length > 0 && { dependents: lost }) });
      }
      const elements = array === undefined ? "" : `[${array}]`;
      const what = nameAll(jobs.map((job) => `${record.id}/${job.name}${elements}`));
      context.stdout.write(name === undefined ? `Asked to cancel ${what}\n` : `Sent ${name} to ${what}\n`);
      if (lost.length > 0) context.stdout.write(`These need it, and cannot begin any more: ${nameAll(lost)}\n`);
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
