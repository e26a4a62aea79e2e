import { Command } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";
import { printJson } from "../json.ts";
import { loadProject } from "../project.ts";

export function nodesCommand(context: Context) {
  return new Command("nodes")
    .description("show a cluster's partitions: nodes, CPUs and GPUs that are free, and how many jobs wait")
    .option("--cluster <C>", "the cluster (default: the project's)")
    .option("--json", "print one JSON document")
    .action(async ({ cluster, json }) => {
      const { readPartitions, renderPartitions } = await import("../cluster/nodes.ts");
      const name = cluster ?? (await loadProject(context)).cluster ?? "local";
      const partitions = await readPartitions(name, context);
      if (json) printJson(context.stdout, partitions);
      else context.stdout.write(renderPartitions(partitions));
    });
}
