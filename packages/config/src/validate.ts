import * as z from "zod/mini";

import { suggest } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";
import { descriptions } from "./schema.ts";

export type Validation<T> =
  | { readonly value: T; readonly problems?: undefined }
  | { readonly value?: undefined; readonly problems: readonly Problem[] };

/** Every mistake in a value, in our words. */
export function validate<T>(schema: z.ZodMiniType<T, unknown>, value: unknown): Validation<T> {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data };
  let shape: JsonSchema | undefined;
  const unknownKey = (path: Path): Problem => {
    shape ??= toJsonSchema(schema);
    const hint = suggest(String(path.at(-1)), knownKeys(shape, path.slice(0, -1)), "the keys here are");
    return { path, at: "key", message: "unknown key", hint };
  };
  return { problems: result.error.issues.flatMap((issue) => toProblems(issue, unknownKey)) };
}

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** What editors read, made from the schema that validates. */
export function toJsonSchema(schema: z.ZodMiniType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: "input",
    metadata: descriptions,
    override({ jsonSchema }) {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
}

function toProblems(issue: z.core.$ZodIssue, unknownKey: (path: Path) => Problem): readonly Problem[] {
  return meantIssues(issue, []).flatMap(({ issue: { code, message, ...rest }, path }): readonly Problem[] =>
    code === "unrecognized_keys" && "keys" in rest
      ? rest.keys.map((key) => unknownKey([...path, key]))
      : [{ path, message }],
  );
}

interface PlacedIssue {
  readonly issue: z.core.$ZodIssue;
  readonly path: Path;
}

/** Of several alternatives, the one that takes the kind of value that stands here is the one that was meant. */
function meantIssues(issue: z.core.$ZodIssue, parent: Path): readonly PlacedIssue[] {
  const path = [...parent, ...issue.path.map((segment) => (typeof segment === "number" ? segment : String(segment)))];
  if (issue.code !== "invalid_union") return [{ issue, path }];
  const alternatives = issue.errors.map((issues) => issues.flatMap((inner) => meantIssues(inner, path)));
  const meant = alternatives.filter((issues) =>
    issues.every((inner) => inner.path.length > path.length || inner.issue.code === "unrecognized_keys"),
  );
  return meant.length === 1 ? (meant[0] ?? []) : [{ issue, path }];
}

function knownKeys(schema: JsonSchema, path: Path): readonly string[] {
  let candidates = alternativesOf(schema);
  for (const segment of path) {
    candidates = candidates.flatMap((candidate) => {
      const next =
        typeof segment === "number"
          ? candidate.items
          : (candidate.properties?.[segment] ?? candidate.additionalProperties);
      return typeof next === "object" && !Array.isArray(next) ? alternativesOf(next) : [];
    });
  }
  return candidates.flatMap(({ properties }) => Object.keys(properties ?? {}));
}

function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf ? schema.anyOf.flatMap(alternativesOf) : [schema];
}
