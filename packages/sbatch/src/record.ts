import { stripControlCharacters } from "@slipway/core";

/** A record that cannot be relied on; told as such, never guessed at. */
export class RecordSyntaxError extends SyntaxError {
  override readonly name = "RecordSyntaxError";
}

const linePattern = /^([a-z_]{1,32})=(.{0,4096})$/;

/** The fields of a record: `version=1`, then `key=value` lines, then `end=1`, which tells that none is missing. */
export function parseRecord(text: string): ReadonlyMap<string, string> {
  const lines = text.split("\n");
  if (lines.pop() !== "" || lines[0] !== "version=1" || lines.at(-1) !== "end=1") {
    throw new RecordSyntaxError("is not a whole record of version 1");
  }
  const fields = new Map<string, string>();
  for (const line of lines.slice(1, -1)) {
    const [, key, value] = linePattern.exec(line) ?? [];
    if (key === undefined || value === undefined || fields.has(key)) {
      throw new RecordSyntaxError(`has a line that cannot be read: ${JSON.stringify(line.slice(0, 80))}`);
    }
    fields.set(key, value);
  }
  return fields;
}

const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

/** ISO 8601 in UTC. */
export function timeField(fields: ReadonlyMap<string, string>, key: string): string {
  const value = textField(fields, key);
  if (!timePattern.test(value) || Number.isNaN(Date.parse(value))) throw unexpected(key, value, "a time");
  return value;
}

export function textField(fields: ReadonlyMap<string, string>, key: string): string {
  const value = fields.get(key);
  if (value === undefined || value === "") throw new RecordSyntaxError(`lacks ${key}`);
  return stripControlCharacters(value);
}

export function numberField(
  fields: ReadonlyMap<string, string>,
  key: string,
  { least, most }: { readonly least: number; readonly most: number },
): number {
  const value = textField(fields, key);
  const number = Number(value);
  if (!/^\d{1,15}$/.test(value) || number < least || number > most) {
    throw unexpected(key, value, `a number from ${least} to ${most}`);
  }
  return number;
}

export function wordField(fields: ReadonlyMap<string, string>, key: string): string {
  const value = textField(fields, key);
  if (!/^[a-z][a-z_]{0,63}$/.test(value)) throw unexpected(key, value, "a word");
  return value;
}

function unexpected(key: string, value: string, expected: string): RecordSyntaxError {
  return new RecordSyntaxError(`has ${key}=${JSON.stringify(value)} where ${expected} is expected`);
}
