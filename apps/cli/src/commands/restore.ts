import { Command } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";
import { printJson } from "../json.ts";
import { count, formatBytes } from "../report/text.ts";

export function restoreCommand(context: Context) {
  return new Command("restore")
    .description("write the exact code of an experiment to a directory")
    .argument("<EXP>", "an experiment's id, the beginning of one, or its name")
    .argument("<DIR>", "a directory that is absent or empty")
    .option("--json", "print one JSON document")
    .action(async (words, directory, { json }) => {
      const { restoreCode } = await import("../code/restore.ts");
      const restored = await restoreCode(words, directory, context);
      if (json) return printJson(context.stdout, restored);
      const { experiment, files, bytes, digest, from } = restored;
      const what = `${count(files, "file")}, ${formatBytes(bytes)} (${digest.slice(0, 12)})`;
      context.stdout.write(`Wrote the code of ${experiment} to ${directory}: ${what}, from ${from}\n`);
    });
}
