import { Command, Option } from "@commander-js/extra-typings";

import type { Context, SetExitCode } from "../context.ts";
import { assertOneWay, codeChoice, collect, wholeNumber } from "../values.ts";

export function runCommand(context: Context, setExitCode: SetExitCode) {
  return new Command("run")
    .description("package the code, store it, and run a command or an experiment file")
    .argument("[FILE.yaml]", "an experiment file, in place of a command")
    .usage("[options] -- CMD… | run [options] FILE.yaml")
    .option("--cluster <NAME>", "where to run (default: the project's, else local)")
    .option("--name <NAME>", "the experiment's name (default: from the command)")
    .option("--job <NAME>", "the job's name (default: the experiment's)")
    .option("--nodes <N>", "nodes", wholeNumber(1))
    .option("--ntasks-per-node <N>", "tasks on each node", wholeNumber(1))
    .option("--gpus <N>", "GPUs on each node", wholeNumber(0))
    .option("--cpus <N>", "CPUs for each task", wholeNumber(1))
    .option("--mem <SIZE>", "memory on each node, such as 64G")
    .option("--time <TIME>", "the time limit, such as 4h, 90m or 1-12:00:00")
    .option("--partition <P>", "Slurm's partition")
    .option("--account <A>", "Slurm's account")
    .option("--qos <Q>", "Slurm's quality of service")
    .option("--env <K[=V]>", "set a variable for the job; without a value it takes yours (repeatable)", collect)
    .option("--secret <K>", "like --env K, but the value is never recorded or shown (repeatable)", collect)
    .option("--array <SPEC>", "run it once for each index: 0-9, 1,3,5-9:2, 0-99%4")
    .option("--after <EXP[/JOB][:TYPE]>", "wait for another experiment; ok, any, notok (repeatable)", collect)
    .option("--container <NAME>", "a container of the cluster's, or an image")
    .option("--mount <SRC:DST[:ro]>", "what the container sees (repeatable)", collect)
    .option("--sbatch <K=V>", "any other option of sbatch (repeatable)", collect)
    .option("--retries <N>", "begin again up to N times for each cause of an end", wholeNumber(0))
    .option("--repeat <N>", "a chain of N jobs, each resuming the last", wholeNumber(1))
    .addOption(new Option("--launcher <L>", "what starts its processes").choices(["none", "torchrun"] as const))
    .option("--warning <SIGNAL@TIME>", "a signal before the time limit: USR1@300")
    .option("--set <PATH=VALUE>", "change a value of the experiment file: jobs.train.gpus=4 (repeatable)", collect)
    .option("--include <GLOB>", "ship untracked or ignored files too (repeatable)", collect)
    .option(
      "--code <WHICH>",
      "tracked (files as they lie on disk), commit or commit=REF (default: tracked)",
      codeChoice,
    )
    .option("--allow-dirty", "with --code commit: changes stay behind")
    .option("--require-clean", "refuse code that differs from its commit")
    .option("--allow-secret <GLOB>", "ship files although they look as if they held secrets (repeatable)", collect)
    .option("--reuse-code <EXP>", "use the exact code of an earlier experiment; nothing is packaged")
    .option("--follow", "show the output until the end (the default for local runs)")
    .option("--wait", "wait for the end without showing the output")
    .option("--detach", "neither follow nor wait")
    .option("--dry-run", "show the exact script and what would travel; touch nothing")
    .option("--json", "print one JSON document; a job's output goes to stderr")
    .action(async (file, options) => {
      assertOneWay(options);
      const { runExperiment } = await import("../run/run.ts");
      await runExperiment({ file, argv: context.afterDashes, options }, context, setExitCode);
    });
}
