import type { Diagnostic } from "@slipway/core";
import type { ZodMiniType } from "zod/mini";

import type { ConfigDocument } from "./document.ts";
import { invalidConfig } from "./error.ts";
import type { Problem } from "./problem.ts";
import type { Reading } from "./reading.ts";
import { validate } from "./validate.ts";

export interface ReadConfigOptions<Shape> {
  readonly document: ConfigDocument;
  readonly schema: ZodMiniType<Shape, unknown>;
  /** Mistakes that a schema cannot see. Also asked when the shape is wrong, so that all are told at once: takes the value as it comes. */
  readonly check: (document: ConfigDocument) => readonly Problem[];
}

/** The file's content in the schema's shape, or everything that is wrong with it, sorted by place. */
export function readConfig<Shape>({ document, schema, check }: ReadConfigOptions<Shape>): Reading<Shape> {
  if (document.value === undefined) return { diagnostics: inOrder(document.diagnostics) };
  const validation = validate(schema, document.value);
  const problems = [...(validation.problems ?? []), ...check(document)];
  const diagnostics = [...document.diagnostics, ...problems.map((problem) => document.diagnose(problem))];
  if (validation.problems === undefined && diagnostics.length === 0) return { shape: validation.value };
  return { diagnostics: inOrder(diagnostics) };
}

/** As `readConfig`; throws CONFIG_INVALID. */
export function readConfigOrThrow<Shape>(options: ReadConfigOptions<Shape>): Shape {
  const reading = readConfig(options);
  if (reading.diagnostics) throw invalidConfig(reading.diagnostics);
  return reading.shape;
}

/** By place; a mistake below an anchor is told once, however many aliases repeat it. */
function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const unique = new Map(diagnostics.toReversed().map((diagnostic) => [keyOf(diagnostic), diagnostic]));
  return [...unique.values()].toSorted((a, b) => a.line - b.line || a.column - b.column || (a.path < b.path ? -1 : 1));
}

function keyOf({ line, column, message }: Diagnostic): string {
  return `${line}:${column}:${message}`;
}
