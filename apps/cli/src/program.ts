import { Command } from "@commander-js/extra-typings";

import { cancelCommand } from "./commands/cancel.ts";
import { cleanCommand } from "./commands/clean.ts";
import { configCommand } from "./commands/config.ts";
import { diffCommand } from "./commands/diff.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { duCommand } from "./commands/du.ts";
import { initCommand } from "./commands/init.ts";
import { listCommand } from "./commands/list.ts";
import { loginCommand, logoutCommand } from "./commands/login.ts";
import { logsCommand } from "./commands/logs.ts";
import { nodesCommand } from "./commands/nodes.ts";
import { packageCommand } from "./commands/package.ts";
import { pinCommand, unpinCommand } from "./commands/pin.ts";
import { pullCommand } from "./commands/pull.ts";
import { rerunCommand } from "./commands/rerun.ts";
import { restoreCommand } from "./commands/restore.ts";
import { runCommand } from "./commands/run.ts";
import { sbatchCommand } from "./commands/sbatch.ts";
import { showCommand } from "./commands/show.ts";
import { statusCommand } from "./commands/status.ts";
import { syncCommand } from "./commands/sync.ts";
import { waitCommand } from "./commands/wait.ts";
import type { Context, SetExitCode } from "./context.ts";

/** All commands, declared; each imports what it does when it does it. */
export function createProgram(context: Context, setExitCode: SetExitCode) {
  const program = new Command("slipway")
    .description("Ship your code to where it runs, follow it, clean up after it.")
    .version(context.version)
    .option("--verbose", "more about what happens, and the causes of errors")
    .helpCommand(true)
    .showHelpAfterError("(more: slipway --help)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "slipway: ")),
    });
  const commands = [
    runCommand(context, setExitCode),
    statusCommand(context, setExitCode),
    listCommand(context),
    logsCommand(context, setExitCode),
    waitCommand(context, setExitCode),
    cancelCommand(context),
    rerunCommand(context, setExitCode),
    pullCommand(context),
    showCommand(context),
    sbatchCommand(context),
    syncCommand(context, setExitCode),
    diffCommand(context),
    restoreCommand(context),
    packageCommand(context),
    cleanCommand(context),
    duCommand(context),
    pinCommand(context),
    unpinCommand(context),
    nodesCommand(context),
    doctorCommand(context, setExitCode),
    initCommand(context),
    loginCommand(context),
    logoutCommand(context),
    configCommand(context),
  ];
  for (const command of commands) {
    command.copyInheritedSettings(program);
    for (const subcommand of command.commands) subcommand.copyInheritedSettings(program);
    program.addCommand(command);
  }
  return program;
}
