import { parseSacct, parseSqueue } from "@slipway/sbatch";
import type { AccountingRow, QueueRow, SlurmAnswer } from "@slipway/sbatch";

export const askedAt = "2026-11-22T16:00:00Z";

/**
 * Rows as they were observed, `squeue -o '%A|%F|%K|%T|%r|%V|%S|%e|%B|%j'`, put into the columns that slipway asks for.
 * `memberOf` is what `%i` showed: `332_2`, `341+1`.
 */
export function squeue(observed: readonly string[], { token = "e.j.1" } = {}): SlurmAnswer<QueueRow> {
  const lines = observed.map((line) => {
    const [rawId = "", arrayId, index, state, reason, submitted, start, end, host, name] = line.split("|");
    const id = index === "N/A" ? rawId : /^\d+$/.test(index ?? "") ? `${arrayId}_${index}` : `${arrayId}_[${index}]`;
    return `${rawId}|${id}|${state}|${submitted}|${start}|${end}|${host}|${reason}|${name}|${token}\n`;
  });
  return { ...parseSqueue(lines.join("")), at: askedAt };
}

/** Rows of a heterogeneous job, whose components squeue names only with `%i`. */
export function squeueOfComponents(observed: readonly (readonly [id: string, line: string])[]): SlurmAnswer<QueueRow> {
  const lines = observed.map(([id, line]) => {
    const [rawId, , , state, reason, submitted, start, end, host, name] = line.split("|");
    return `${rawId}|${id}|${state}|${submitted}|${start}|${end}|${host}|${reason}|${name}|e.j.1\n`;
  });
  return { ...parseSqueue(lines.join("")), at: askedAt };
}

/** Rows as observed, `sacct -X -P -n -D -o JobIDRaw,JobID,State,ExitCode,DerivedExitCode,Submit,Start,End,Reason,NodeList,JobName`. */
export function sacct(observed: readonly string[]): SlurmAnswer<AccountingRow> {
  const lines = observed.map((line) => {
    const [rawId, id, state, exit, derived, submit, start, end, , nodes, name] = line.split("|");
    return `${rawId}|${id}|${state}|${exit}|${derived}|${submit}|${start}|${end}|${nodes}|${name}-e.j.1\n`;
  });
  return { ...parseSacct(lines.join("")), at: askedAt };
}

export function record(...lines: readonly string[]): string {
  return ["version=1", ...lines, "end=1", ""].join("\n");
}

/** The files of a start, with its end where one is given. */
export function attempt(
  number: number,
  startedAt: string,
  end?: readonly string[],
  prefix = "",
): Record<string, string> {
  return {
    [`${prefix}attempt-${number}.start`]: record(`attempt=${number}`, `at=${startedAt}`),
    ...(end && { [`${prefix}attempt-${number}.exit`]: record(...end) }),
  };
}
