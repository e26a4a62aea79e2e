import * as z from "zod/mini";

import { describe } from "./problem.ts";
import {
  bytesWords,
  durationWords,
  isReadBy,
  memoryWords,
  parseBytes,
  parseDuration,
  parseMemoryMiB,
} from "./units.ts";

/** Text in a file; YAML reads `007` or `true` as something else, and the text that stands there is meant. */
export type Text = string | number | boolean;

/** What editors show beside a key. */
export const descriptions = z.registry<{ description: string }>();

/** A key that may be left out. */
export function optional<T extends z.ZodMiniType>(description: string, schema: T): z.ZodMiniExactOptional<T> {
  descriptions.add(schema, { description });
  return z.exactOptional(schema);
}

export function required<T extends z.ZodMiniType>(description: string, schema: T): T {
  descriptions.add(schema, { description });
  return schema;
}

export function text(what = "text") {
  const error = expected(what);
  return z.union([withoutNul(error).check(z.minLength(1, { error })), z.number({ error }), z.boolean({ error })], {
    error,
  });
}

/** As `text`, and "" is a value too. */
export function anyText() {
  const error = expected("text, a number or true/false");
  return z.union([withoutNul(error), z.number({ error }), z.boolean({ error })], { error });
}

function withoutNul(error: ReturnType<typeof expected>) {
  return z
    .string({ error })
    .check(z.refine((value) => !value.includes("\0"), { error: "a NUL character cannot stand here" }));
}

/** Text of one form; numbers are not read as text. */
export function pattern(what: string, form: RegExp) {
  const error = expected(what);
  return z.string({ error }).check(z.regex(form, { error }));
}

export function variableName() {
  return pattern("a variable's name such as HF_TOKEN", /^[A-Za-z_][A-Za-z0-9_]*$/);
}

export function wholeNumber(minimum: number) {
  const error = expected(`a whole number of at least ${minimum}`);
  return z.int({ error }).check(z.minimum(minimum, { error }));
}

export function flag() {
  return z.boolean({ error: expected("true or false") });
}

export function choice<const T extends readonly string[]>(names: T) {
  return z.enum(names, { error: expected(names.length === 1 ? names.join() : `one of ${names.join(", ")}`) });
}

export function list<T extends z.ZodMiniType>(item: T, what: string) {
  return z.array(item, { error: expected(`a list of ${what}`) });
}

export function either<const T extends readonly z.ZodMiniType[]>(what: string, alternatives: T) {
  return z.union(alternatives, { error: expected(what) });
}

/** A map whose keys the user chooses. */
export function mapping<T extends z.ZodMiniType>(value: T, what: string) {
  return z.record(z.string(), value, { error: expected(`a map of ${what}`) });
}

export function object<T extends z.core.$ZodShape>(shape: T) {
  return z.strictObject(shape, { error: expected(`a map with ${Object.keys(shape).slice(0, 3).join(", ")}, …`) });
}

export function duration() {
  return quantity(durationWords, (value) => isReadBy(parseDuration, value) && parseDuration(value) > 0);
}

export function bytes() {
  return quantity(bytesWords, (value) => isReadBy(parseBytes, value));
}

export function memory() {
  return quantity(memoryWords, (value) => isReadBy(parseMemoryMiB, value));
}

/** A message for a wrong or missing value. */
export function expected(what: string) {
  return ({ input }: { readonly input?: unknown }) =>
    input === undefined ? `missing; expected ${what}` : `expected ${what}, got ${describe(input)}`;
}

function quantity(what: string, isValid: (value: string) => boolean) {
  const error = expected(what);
  const words = z.string({ error }).check(z.refine(isValid, { error }));
  const number = z.int({ error }).check(
    z.minimum(0, { error }),
    z.refine((value) => isValid(String(value)), { error }),
  );
  return z.union([words, number], { error });
}
