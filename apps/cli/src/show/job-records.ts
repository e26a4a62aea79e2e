import { randomBytes } from "node:crypto";

import type { RecordedJob, Transport } from "@slipway/core";

/** `record.json` of a run directory, as it lies there; of an array with those of its elements. */
export type JobRecordDocument = Readonly<Record<string, unknown>>;

/** Every record as its path and its text, each ended by NUL. Parameter: marker; the run directories on standard input. */
const script = `
printf '%s\\0' "$1"
while IFS= read -r directory; do
  for file in "$directory"/record.json "$directory"/array-*.record.json; do
    [ -f "$file" ] || continue
    printf '%s\\0' "$file"
    cat -- "$file"
    printf '\\0'
  done
done
printf '%s\\0' "$1"
`;

/** The records of jobs by their names, in one command; without those that are not there, or are none. */
export async function readJobRecords(
  jobs: readonly RecordedJob[],
  transport: Transport,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, JobRecordDocument>> {
  const marker = `slipway-${randomBytes(8).toString("hex")}`;
  const stdin = jobs.map(({ handle }) => (handle ? `${handle.runDir}\n` : "")).join("");
  const { stdout } = await transport.exec(["sh", "-c", script, "sh", marker], { stdin, signal });
  const words = Buffer.from(stdout).toString("utf8").split("\0");
  const first = words.findIndex((word) => word.endsWith(marker)); // A login shell may have said something before.
  const texts = new Map<string, string>();
  for (let index = first + 1; first >= 0 && index + 1 < words.length; index += 2)
    texts.set(words[index] ?? "", words[index + 1] ?? "");
  return new Map(
    jobs.flatMap(({ name, handle, array }) => {
      const own = handle && parseDocument(texts.get(`${handle.runDir}/record.json`));
      if (!own) return [];
      const elements = (array?.indices ?? []).flatMap(
        (index) => parseDocument(texts.get(`${handle.runDir}/array-${index}.record.json`)) ?? [],
      );
      return [[name, array ? { ...own, elements } : own] as const];
    }),
  );
}

function parseDocument(text: string | undefined): JobRecordDocument | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isDocument(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // Somebody's own file of this name.
    throw error;
  }
}

function isDocument(value: unknown): value is JobRecordDocument {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A line for each attempt of a record: `attempt 2 on n[1-2], failed, from 2026-… to 2026-…, exit code 3`. */
export function describeAttempts({ attempts }: JobRecordDocument): readonly string[] {
  return (Array.isArray(attempts) ? attempts : []).filter(isDocument).map((attempt) => {
    const word = (before: string, key: string) => {
      const value = attempt[key];
      return typeof value === "string" || typeof value === "number" ? `${before}${value}` : "";
    };
    const { outcome } = attempt;
    return [
      word("attempt ", "number"),
      word(" on ", "nodes"),
      word(", ", "cause").replaceAll("_", " "),
      word(", from ", "startedAt"),
      word(" to ", "endedAt"),
      outcome === "ended" ? "" : word(", ", "outcome").replaceAll("_", " "),
      word(", exit code ", "exitCode"),
      word(", signal ", "signal"),
      word(", ", "reason").replaceAll("_", " "),
    ].join("");
  });
}
