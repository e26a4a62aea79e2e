import { stripControlCharacters } from "@slipway/core";

import { SbatchError } from "../error.ts";

/** The lines of a command's output that could be read, and those that could not. */
export interface SlurmTable<Row> {
  readonly rows: readonly Row[];
  /** At most 20 lines, each cut to 200 characters, without control characters. */
  readonly unreadable: readonly string[];
}

/**
 * Reads a table of one line per row. Lines that are none (a banner, the rest of another job's name with a line break in it) are kept apart.
 * Throws SBATCH_UNREADABLE_OUTPUT when there is text and not one row.
 */
export function parseTable<Row>(
  text: string,
  { command, parseLine }: { readonly command: string; readonly parseLine: (line: string) => Row | undefined },
): SlurmTable<Row> {
  const rows: Row[] = [];
  const unreadable: string[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const row = parseLine(line);
    if (row !== undefined) rows.push(row);
    else if (unreadable.length < 20) unreadable.push(printable(line));
  }
  const [first] = unreadable;
  if (rows.length === 0 && first !== undefined) throw unreadableOutput(command, first);
  return { rows, unreadable };
}

export function unreadableOutput(command: string, text: string): SbatchError {
  return new SbatchError(
    "SBATCH_UNREADABLE_OUTPUT",
    `The output of ${command} cannot be read: ${JSON.stringify(printable(text))}`,
    {
      hint: `Run ${command} there by hand; a login script that prints, or a site's own ${command}, may be in the way`,
    },
  );
}

export function printable(text: string): string {
  return stripControlCharacters(text).slice(0, 200);
}

/** ISO 8601 in UTC, or undefined. Reads seconds since 1970 (`SLURM_TIME_FORMAT=%s`) and times without a zone as UTC (`TZ=UTC0`). */
export function parseSlurmTime(text: string): string | undefined {
  if (/^\d{9,11}$/.test(text)) return new Date(Number(text) * 1000).toISOString();
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text)) return undefined;
  const time = new Date(`${text}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** Text, or undefined for the words that Slurm's tools print for nothing. */
export function parseOptionalText(text: string): string | undefined {
  const trimmed = stripControlCharacters(text).trim();
  return /^(?:|\(null\)|None|N\/A|n\/a|None assigned|Unknown)$/.test(trimmed) ? undefined : trimmed;
}
