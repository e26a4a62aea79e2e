import { Command } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";
import { wholeNumber } from "../values.ts";

export function cleanCommand(context: Context) {
  return new Command("clean")
    .description("remove code, runs and leftovers that no job can need any more")
    .option("--cluster <C>", "on this cluster")
    .option("--local", "on this machine (the default without --cluster)")
    .option("--dry-run", "say what would go; change nothing")
    .option("--explain", "say of every single thing why it goes or stays")
    .option("--max-age <D>", "code goes so long after its last use, such as 12h or 30d (default: 7d)")
    .option("--max-size <S>", "more code than that does not stay, however young, such as 50GB")
    .option("--max-inodes <N>", "the same in inodes", wholeNumber(0))
    .option("--keep-last <N>", "the newest experiments of a project that keep their code (default: 3)", wholeNumber(0))
    .option(
      "--runs-max-age <D>",
      "run directories with logs and outputs go so long after they were made (default: never)",
    )
    .option("--experiment <EXP>", "this experiment whole, with its logs and outputs, and nothing else")
    .option("--nemo-run <DIR>", "copies of code in a home or job_dir of NeMo-Run, and nothing else")
    .option("--yes", "ask nothing")
    .option("--json", "print one JSON document")
    .action(async (options) => {
      const { clean } = await import("../cleaning/clean.ts");
      await clean(options, context);
    });
}
