import { isSlipwayError } from "@slipway/core";

import { optionText } from "./directives.ts";
import type { SlurmOptionValue } from "./directives.ts";
import { parseSlurmDuration } from "./duration.ts";
import { parseArraySpec } from "./job-id.ts";
import type { SlurmOptionFacts, SlurmOptionType } from "./options.ts";

/** What an option takes, in words, when the value is not that; undefined for a value that sbatch would read. */
export function explainWrongValue(facts: SlurmOptionFacts, value: SlurmOptionValue): string | undefined {
  const { argument = "required", type } = facts;
  const expected = describe(facts);
  if (typeof value === "boolean") {
    // false says that the option is not given.
    return !value || argument !== "required" ? undefined : expected;
  }
  if (argument === "none") return "true or false";
  const text = optionText(value);
  if (text === "" || (Array.isArray(value) && !isList(type))) return expected;
  return reads(facts, text) ? undefined : expected;
}

function isList(type: SlurmOptionType): boolean {
  return type.startsWith("list<") || /-list$|^hostlist$|^kvlist$|^tres-count$/.test(type);
}

const patterns: Readonly<Partial<Record<SlurmOptionType, RegExp>>> = {
  memory: /^\d{1,15}(?:[KMGT]B?)?$/i,
  "tres-count": /^(?:[^:,]+:)?\d{1,9}(?:,[^:,]+:\d{1,9})*$/,
  "node-range": /^\d{1,7}[km]?(?:[-,:]\d{1,7}[km]?)*$/i,
  "optional-int": /^-?\d{1,10}$/,
  "signal-spec": /^(?:[RB]{1,2}:)?(?:[A-Z][A-Z0-9]{2,9}|\d{1,2})(?:@\d{1,5})?$/i,
  datetime: /^[A-Za-z0-9:+./-]{1,40}$/,
  kvlist: /^(?:\d{1,9}|[a-z]+=\d{1,9}(?:,[a-z]+=\d{1,9})*)$/,
};

function reads(facts: SlurmOptionFacts, text: string): boolean {
  const { type } = facts;
  const read = readers[type];
  return read ? read(facts, text) : (patterns[type]?.test(text) ?? true);
}

type Reader = (facts: SlurmOptionFacts, text: string) => boolean;

const isOneOf: Reader = ({ values = [] }, text) => values.some((each) => each.toLowerCase() === text.toLowerCase());
const areSomeOf: Reader = (facts, text) => text.split(",").every((word) => isOneOf(facts, word));

const readers: Readonly<Partial<Record<SlurmOptionType, Reader>>> = {
  int: ({ least = 0 }, text) => /^\d{1,9}$/.test(text) && Number(text) >= least,
  "int|enum": (facts, text) => /^\d{1,10}$/.test(text) || isOneOf(facts, text),
  enum: isOneOf,
  "optional-enum": isOneOf,
  "enum-list": areSomeOf,
  "optional-list": areSomeOf,
  duration: (_, text) => parseSlurmDuration(text) !== undefined || /^(?:infinite|unlimited|-1)$/i.test(text),
  "array-spec": (_, text) => isArraySpec(text),
};

function isArraySpec(text: string): boolean {
  try {
    parseArraySpec(text, { maxArraySize: 4_000_001 });
    return true;
  } catch (error) {
    if (isSlipwayError(error)) return false;
    throw error;
  }
}

const descriptions: Readonly<Partial<Record<SlurmOptionType, string>>> = {
  memory: "an amount of memory such as 4000M or 16G",
  "tres-count": "a number, or a type and a number such as a100:2",
  "node-range": "a number of nodes, or the least and the most such as 2-4",
  "signal-spec": "a signal such as B:USR1@120",
  datetime: "a time such as 2030-01-31T12:00:00 or now+1hour",
  duration: "a duration such as 90 (minutes), 4:00:00 or 1-12:00:00",
  "array-spec": "array indices such as 0-9%4",
  "optional-int": "a whole number",
  kvlist: "names and seconds such as task=30",
};

function describe({ type, values = [], least = 0 }: SlurmOptionFacts): string {
  if (type === "int") return `a whole number from ${least}`;
  if (values.length > 0) return `${type.endsWith("list") ? "some" : "one"} of ${values.join(", ")}`;
  return descriptions[type] ?? "a text";
}
