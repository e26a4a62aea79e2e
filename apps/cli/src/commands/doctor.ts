import { Command } from "@commander-js/extra-typings";

import type { Context, SetExitCode } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printJson } from "../json.ts";
import { hasColor } from "../report/text.ts";

export function doctorCommand(context: Context, setExitCode: SetExitCode) {
  return new Command("doctor")
    .description("check what a run will need, here or on a cluster, each with the mend")
    .option("--cluster <C>", "a cluster's name or file; without it this machine alone")
    .option("--deep", "read all stored code and compare it with its manifests")
    .option("--repair", "move stored code that is damaged and not needed to the store's trash")
    .option("--json", "print one JSON document")
    .action(async ({ cluster, deep, repair, json }) => {
      const { examine } = await import("../doctor/examine.ts");
      const { renderChecks } = await import("../doctor/checks.ts");
      const checks = await examine(cluster, context, { deep, repair });
      if (json) printJson(context.stdout, checks);
      else context.stdout.write(renderChecks(checks, hasColor(context.stdout, context.env)));
      if (checks.some(({ result }) => result === "wrong")) setExitCode(exitCodes.refused);
    });
}
