import { nearest } from "@slipway/core";

/** Keys and indices from the top of a file. */
export type Path = readonly (string | number)[];

/** A mistake before its line and column are looked up. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  readonly hint?: string | undefined;
  /** Whether the key or its value is wrong; the value when absent. A path that is not in the file stands at its nearest parent. */
  readonly at?: "key" | "value";
}

/** The `Diagnostic.path` of a path: `jobs.train.gpus`. */
export function renderPath(path: Path): string {
  return path
    .map((segment) => (/^[^\s."'\p{C}]+$/u.test(String(segment)) ? String(segment) : JSON.stringify(segment)))
    .join(".");
}

/** What stood where something else was expected. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === null || value === undefined ? "nothing" : "a map";
}

/** A hint with the nearest known name, or with all of them where none is near. */
export function suggest(word: string, known: readonly string[], what: string): string | undefined {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean ${near}?`;
  return known.length === 0 ? undefined : `${what}: ${known.slice(0, 40).join(", ")}${known.length > 40 ? ", …" : ""}`;
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
