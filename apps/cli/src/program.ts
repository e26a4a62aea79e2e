import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";

import type { Context, SetExitCode } from "./context.ts";

type LoadCommand = (...world: readonly [Context, SetExitCode]) => Promise<CommandUnknownOpts>;

/** In the order of the help. Each is loaded when it is named: loading all of them takes half as long as Node's own start. */
const commands: Readonly<Record<string, LoadCommand>> = {
  run: async (...world) => (await import("./commands/run.ts")).runCommand(...world),
  status: async (...world) => (await import("./commands/status.ts")).statusCommand(...world),
  list: async (context) => (await import("./commands/list.ts")).listCommand(context),
  logs: async (...world) => (await import("./commands/logs.ts")).logsCommand(...world),
  wait: async (...world) => (await import("./commands/wait.ts")).waitCommand(...world),
  cancel: async (context) => (await import("./commands/cancel.ts")).cancelCommand(context),
  rerun: async (...world) => (await import("./commands/rerun.ts")).rerunCommand(...world),
  pull: async (context) => (await import("./commands/pull.ts")).pullCommand(context),
  show: async (context) => (await import("./commands/show.ts")).showCommand(context),
  sbatch: async (context) => (await import("./commands/sbatch.ts")).sbatchCommand(context),
  sync: async (...world) => (await import("./commands/sync.ts")).syncCommand(...world),
  diff: async (context) => (await import("./commands/diff.ts")).diffCommand(context),
  restore: async (context) => (await import("./commands/restore.ts")).restoreCommand(context),
  package: async (context) => (await import("./commands/package.ts")).packageCommand(context),
  clean: async (context) => (await import("./commands/clean.ts")).cleanCommand(context),
  du: async (context) => (await import("./commands/du.ts")).duCommand(context),
  pin: async (context) => (await import("./commands/pin.ts")).pinCommand(context),
  unpin: async (context) => (await import("./commands/pin.ts")).unpinCommand(context),
  nodes: async (context) => (await import("./commands/nodes.ts")).nodesCommand(context),
  doctor: async (...world) => (await import("./commands/doctor.ts")).doctorCommand(...world),
  init: async (...world) => (await import("./commands/init.ts")).initCommand(...world),
  login: async (context) => (await import("./commands/login.ts")).loginCommand(context),
  logout: async (context) => (await import("./commands/login.ts")).logoutCommand(context),
  config: async (context) => (await import("./commands/config.ts")).configCommand(context),
};

/** The command that a command line begins with; all of them for help, and where none is understood. */
export async function createProgram(argv: readonly string[], context: Context, setExitCode: SetExitCode) {
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
  const [first = ""] = argv;
  const named = Object.entries(commands).filter(([name]) => name === first);
  for (const [, load] of named.length > 0 ? named : Object.entries(commands)) {
    const command = await load(context, setExitCode);
    command.copyInheritedSettings(program);
    for (const subcommand of command.commands) subcommand.copyInheritedSettings(program);
    program.addCommand(command);
  }
  return program;
}
