import { Command } from "@commander-js/extra-typings";

import type { Context, SetExitCode } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";

export function initCommand(context: Context, setExitCode: SetExitCode) {
  return new Command("init")
    .description("write a cluster's file: asks for what is missing, and checks it live")
    .argument("[NAME]", "what the cluster is called here", "cluster")
    .option("--host <HOST>", "the login node, or an alias of ssh_config; leave it out on the login node itself")
    .option("--user <USER>", "the user there")
    .option("--job-dir <DIR>", "a directory there for code, records and logs; absolute")
    .option("--account <A>", "Slurm's account")
    .option("--partition <P>", "Slurm's partition")
    .action(async (name, options) => {
      const { initCluster } = await import("../cluster/init.ts");
      const { isFine } = await initCluster(name, options, context);
      if (!isFine) setExitCode(exitCodes.refused);
    });
}
