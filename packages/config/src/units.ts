import { ConfigError } from "./error.ts";

export const durationWords = "a duration such as 4h, 90m, 1h30m or 1-12:30:00";
export const bytesWords = "a size such as 500MB, 50GB or 1.5GiB";
export const memoryWords = "memory such as 64G or 64000M";

/**
 * Seconds. Reads what `sbatch --time` reads (`M`, `M:S`, `H:M:S`, `D-H`, `D-H:M`, `D-H:M:S`; a bare number is minutes; source:
 * sbatch(1)), also `D:H:M:S`, and numbers with units, largest first: `2w`, `14d`, `4h`, `1h30m`, `1.5h`, `90s`.
 * Throws CONFIG_INVALID_VALUE.
 */
export function parseDuration(text: string): number {
  return valid(text, durationWords, parseClock(text.trim()) ?? parseUnits(text.trim()));
}

/**
 * Bytes, rounded up. `kB MB GB TB` count in thousands; `K M G T` and `KiB MiB GiB TiB` in 1024 (source: GNU coreutils manual,
 * "Block size"); a bare number is bytes. Throws CONFIG_INVALID_VALUE.
 */
export function parseBytes(text: string): number {
  const [, number, prefix, suffix] = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?b)?|b)?$/i.exec(text.trim()) ?? [];
  const bytes = Number(number) * (suffix?.toLowerCase() === "b" ? 1000 : 1024) ** powerOf(prefix);
  return valid(text, bytesWords, Math.ceil(bytes));
}

/**
 * MiB, as `sbatch --mem` counts: `K M G T`, with or without `B` or `iB`, in units of 1024; a bare number is MiB; KiB are rounded up
 * (source: sbatch(1)). 0 asks for a node's whole memory. Throws CONFIG_INVALID_VALUE.
 */
export function parseMemoryMiB(text: string): number {
  const [, number, prefix] = /^(\d+)\s*(?:([kmgt])(?:i?b)?)?$/i.exec(text.trim()) ?? [];
  return valid(text, memoryWords, Math.ceil(Number(number) * 1024 ** (powerOf(prefix ?? "m") - 2)));
}

/** Whether one of the parsers above takes this text. */
export function isReadBy(parse: (text: string) => number, text: string): boolean {
  try {
    return Number.isFinite(parse(text));
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

function parseClock(text: string): number | undefined {
  const [, days, clock] = /^(?:(\d+)-)?(\d+(?::\d+){0,3})$/.exec(text) ?? [];
  if (clock === undefined) return undefined;
  const fields = clock.split(":").map(Number);
  if (days !== undefined) {
    const [hours = 0, minutes = 0, seconds = 0, tooMany] = fields;
    return tooMany === undefined ? Number(days) * 86_400 + hours * 3_600 + minutes * 60 + seconds : undefined;
  }
  const [seconds = 0, minutes = 0, hours = 0, wholeDays = 0] =
    fields.length === 1 ? [0, ...fields] : fields.toReversed();
  return wholeDays * 86_400 + hours * 3_600 + minutes * 60 + seconds;
}

function parseUnits(text: string): number | undefined {
  const amount = String.raw`(\d+(?:\.\d+)?)`;
  const pattern = `^(?:${amount}w)?\\s*(?:${amount}d)?\\s*(?:${amount}h)?\\s*(?:${amount}m)?\\s*(?:${amount}s)?$`;
  const match = new RegExp(pattern, "i").exec(text);
  if (!match || text === "") return undefined;
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part?: string) => Number(part ?? 0));
  return Math.ceil(
    (weeks ?? 0) * 604_800 + (days ?? 0) * 86_400 + (hours ?? 0) * 3_600 + (minutes ?? 0) * 60 + (seconds ?? 0),
  );
}

function powerOf(prefix: string | undefined): number {
  return prefix === undefined ? 0 : "kmgt".indexOf(prefix.toLowerCase()) + 1;
}

function valid(text: string, words: string, value: number | undefined): number {
  if (value !== undefined && Number.isSafeInteger(value)) return value;
  throw new ConfigError("CONFIG_INVALID_VALUE", `Expected ${words}, got ${JSON.stringify(text)}`);
}
