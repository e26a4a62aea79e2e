import type { ZodMiniType } from "zod/mini";

import { clusterSchema } from "./cluster-schema.ts";
import type { ConfigKind } from "./config-kind.ts";
import { experimentSchema } from "./experiment-schema.ts";
import { projectSchema } from "./project-schema.ts";
import { toJsonSchema } from "./validate.ts";

/** JSON Schema (draft 2020-12) of a kind of file, for editors; made from the schema that validates. */
export function configSchema(kind: ConfigKind): object {
  return { title: titles[kind], ...toJsonSchema(schemas[kind]) };
}

const schemas: Readonly<Record<ConfigKind, ZodMiniType>> = {
  project: projectSchema,
  cluster: clusterSchema,
  experiment: experimentSchema,
};

const titles: Readonly<Record<ConfigKind, string>> = {
  project: "slipway project file",
  cluster: "slipway cluster file",
  experiment: "slipway experiment file",
};
