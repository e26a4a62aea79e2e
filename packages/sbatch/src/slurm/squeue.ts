import { parseSlurmJobId } from "./job-id.ts";
import type { SlurmJobId } from "./job-id.ts";
import { parseSlurmState } from "./states.ts";
import type { SlurmState } from "./states.ts";
import { parseOptionalText, parseSlurmTime, parseTable } from "./text.ts";
import type { SlurmTable } from "./text.ts";

/** A job, a member of one, or array members that wait together, as slurmctld knows it. */
export interface QueueRow {
  readonly id: SlurmJobId;
  /** The number that Slurm itself uses; a running array member has one of its own. */
  readonly rawId: string;
  readonly state: SlurmState;
  /** Why it waits or how it ended, in Slurm's word: `Priority`, `NonZeroExitCode`. */
  readonly reason?: string;
  /** Of this start: a requeue sets it anew. ISO 8601 in UTC, as all times here. */
  readonly submittedAt?: string;
  /** Estimated while it waits. */
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly node?: string;
  /** Name and comment, one of which carries the token. */
  readonly names: string;
}

/** The columns of `parseSqueue`, free text last. Source: squeue(1). */
export const squeueFormat = "%A|%i|%T|%V|%S|%e|%B|%r|%j|%k";

/** Reads `squeue -h -o <squeueFormat>`. Throws SBATCH_UNREADABLE_OUTPUT for text without a row. */
export function parseSqueue(text: string): SlurmTable<QueueRow> {
  return parseTable(text, { command: "squeue", parseLine });
}

function parseLine(line: string): QueueRow | undefined {
  const [rawId = "", idText = "", word = "", submitted = "", start = "", end = "", host = "", why, ...names] =
    line.split("|");
  const id = parseSlurmJobId(idText);
  if (!id || !/^\d{1,10}$/.test(rawId) || word === "" || why === undefined || names.length < 2) return undefined;
  const reason = parseOptionalText(why);
  const submittedAt = parseSlurmTime(submitted);
  const startedAt = parseSlurmTime(start);
  const endedAt = parseSlurmTime(end);
  const node = parseOptionalText(host);
  return {
    id,
    rawId,
    state: parseSlurmState(word),
    ...(reason !== undefined && { reason }),
    ...(submittedAt !== undefined && { submittedAt }),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(node !== undefined && { node }),
    names: names.join("|"),
  };
}
