import { Command } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";
import { printJson } from "../json.ts";

export function duCommand(context: Context) {
  return new Command("du")
    .description("show what code takes, by experiment and project, shared and alone")
    .option("--cluster <C>", "on this cluster (default: this machine)")
    .option("--json", "print one JSON document")
    .action(async ({ cluster = "local", json }) => {
      const { measurePlace } = await import("../cleaning/usage.ts");
      const { place, usage } = await measurePlace(cluster, context);
      if (json)
        return printJson(context.stdout, { stores: [{ cluster: place.cluster, jobDir: place.jobDir, ...usage }] });
      const { renderUsage } = await import("../report/cleaning.ts");
      context.stdout.write(renderUsage(place.cluster, usage, place.jobDir));
    });
}
