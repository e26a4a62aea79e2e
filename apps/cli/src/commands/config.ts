import { Argument, Command, Option } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";

const kinds = ["project", "cluster", "experiment"] as const;

export function configCommand(context: Context) {
  const kindOption = () => new Option("--kind <KIND>", "what the file is; by default from its content").choices(kinds);
  const show = new Command("show")
    .description("show the effective settings here, each with where it comes from")
    .option("--json", "print one JSON document")
    .action(async ({ json }) => {
      const { showConfig } = await import("../report/config.ts");
      await showConfig(context, { json: json === true });
    });
  const check = new Command("check")
    .description("check a project, cluster or experiment file, or the project's files here")
    .argument("[FILE...]", "YAML files")
    .addOption(kindOption())
    .option("--json", "print one JSON document")
    .action(async (files, { kind, json }) => {
      const { checkConfig } = await import("../report/config.ts");
      await checkConfig(context, { files, kind, json: json === true });
    });
  const schema = new Command("schema")
    .description("print the JSON Schema of a kind of file, for editors")
    .addArgument(new Argument("[KIND]", "the kind of file").choices(kinds).default("experiment" as const))
    .action(async (kind) => {
      const { printSchema } = await import("../report/config.ts");
      await printSchema(context, kind);
    });
  return new Command("config")
    .description("show, check and describe the configuration")
    .addCommand(show)
    .addCommand(check)
    .addCommand(schema);
}
