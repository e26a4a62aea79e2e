import { configSchema } from "@slipway/config";
import { expect, test } from "vitest";

const kinds = ["project", "cluster", "experiment"] as const;

test.each(kinds)(
  "the JSON Schema of a %s file is plain JSON that says what each key is, and allows no other",
  (kind) => {
    const schema = configSchema(kind);
    expect(structuredClone(schema)).toEqual(schema);
    expect(schema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: `slipway ${kind} file`,
      type: "object",
      additionalProperties: false,
    });
    expect(keysWithoutDescription(schema, [])).toEqual([]);
  },
);

test("the JSON Schema of an experiment has its required keys, choices and bounds", () => {
  expect(configSchema("experiment")).toMatchObject({
    required: ["name", "jobs"],
    properties: {
      jobs: {
        additionalProperties: {
          properties: {
            gpus: { type: "integer", minimum: 0, description: "GPUs on each node." },
            nodes: { type: "integer", minimum: 1 },
            secrets: { type: "array", items: { type: "string" } },
          },
        },
      },
    },
  });
  expect(JSON.stringify(configSchema("experiment"))).toContain('"enum":["ok","any","notok","corresponding"]');
  expect(JSON.stringify(configSchema("experiment"))).not.toContain(String(Number.MAX_SAFE_INTEGER));
});

function keysWithoutDescription(schema: unknown, path: readonly string[]): readonly string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
    const here = [...path, key];
    const isProperty = path.at(-1) === "properties";
    const isDescribed = typeof value === "object" && value !== null && "description" in value;
    return [...(isProperty && !isDescribed ? [here.join(".")] : []), ...keysWithoutDescription(value, here)];
  });
}
