import { Command } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";
import { printJson } from "../json.ts";

export function diffCommand(context: Context) {
  return new Command("diff")
    .description("compare two experiments: files of the code, command, resources, names of variables")
    .argument("<EXP>", "an experiment's id, the beginning of one, or its name")
    .argument("<EXP>", "the one to compare it with")
    .option("--patch", "the difference of the two codes, as git diff writes it")
    .option("--json", "print one JSON document")
    .action(async (before, after, { patch, json }) => {
      const { diffRuns, patchBetween } = await import("../code/diff.ts");
      const words = [before, after] as const;
      if (patch && !json) return void context.stdout.write(await patchBetween(words, context));
      const difference = await diffRuns(words, context);
      if (json) {
        const text = patch ? { patch: Buffer.from(await patchBetween(words, context)).toString("utf8") } : {};
        return printJson(context.stdout, { ...difference, ...text });
      }
      const { renderDiff } = await import("../report/diff.ts");
      context.stdout.write(renderDiff(difference));
    });
}
