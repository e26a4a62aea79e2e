import { parseSlurmExitCode } from "./exit-code.ts";
import type { SlurmExitCode } from "./exit-code.ts";
import { parseSlurmState } from "./states.ts";
import type { SlurmState } from "./states.ts";
import { parseOptionalText, parseSlurmTime, parseTable, unreadableOutput } from "./text.ts";

/** A job as `scontrol show job` tells it. */
export interface ShownJob {
  readonly rawId: string;
  readonly arrayJobId?: string;
  readonly hetJobId?: string;
  readonly state: SlurmState;
  readonly reason?: string;
  /** Whether Slurm may start it again by itself. */
  readonly requeue?: boolean;
  /** How often it was started again: the attempt, less one. */
  readonly restarts?: number;
  readonly exit?: SlurmExitCode;
  readonly submittedAt?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
}

const shownKeys =
  /^(JobId|ArrayJobId|HetJobId|JobState|Reason|Requeue|Restarts|ExitCode|SubmitTime|StartTime|EndTime|Command|WorkDir|SubmitLine|Comment)=(.*)$/;
/** From here on there is free text. The job's name is free text too, but stands before all that is read, so that the later word counts. */
const freeTextKeys: ReadonlySet<string> = new Set(["Command", "WorkDir", "SubmitLine", "Comment"]);

/** Reads `scontrol -o show job ID`: one job, or the members of one. Throws SBATCH_UNREADABLE_OUTPUT for text without a job. */
export function parseScontrolJobs(text: string): readonly ShownJob[] {
  // A line break in a name or comment does not begin a job.
  const records = text
    .split(/\n(?=JobId=\d)/)
    .join("\0")
    .replaceAll("\n", " ")
    .replaceAll("\0", "\n");
  return parseTable(records, { command: "scontrol show job", parseLine: parseJob }).rows;
}

function parseJob(line: string): ShownJob | undefined {
  const fields = new Map<string, string>();
  for (const word of line.split(" ")) {
    const [, key, value] = shownKeys.exec(word) ?? [];
    if (key !== undefined && freeTextKeys.has(key)) break;
    if (key !== undefined && value !== undefined) fields.set(key, value);
  }
  const rawId = fields.get("JobId") ?? "";
  const state = fields.get("JobState") ?? "";
  if (!/^\d{1,10}$/.test(rawId) || state === "") return undefined;
  const text = (key: string) => parseOptionalText(fields.get(key) ?? "");
  const time = (key: string) => parseSlurmTime(fields.get(key) ?? "");
  const [arrayJobId, hetJobId, reason] = [text("ArrayJobId"), text("HetJobId"), text("Reason")];
  const [submittedAt, startedAt, endedAt] = [time("SubmitTime"), time("StartTime"), time("EndTime")];
  const [requeue, restarts] = [fields.get("Requeue") ?? "", fields.get("Restarts") ?? ""];
  const exit = parseSlurmExitCode(fields.get("ExitCode") ?? "");
  return {
    rawId,
    ...(arrayJobId !== undefined && { arrayJobId }),
    ...(hetJobId !== undefined && { hetJobId }),
    state: parseSlurmState(state),
    ...(reason !== undefined && { reason }),
    ...(/^[01]$/.test(requeue) && { requeue: requeue === "1" }),
    ...(/^\d{1,6}$/.test(restarts) && { restarts: Number(restarts) }),
    ...(exit && { exit }),
    ...(submittedAt !== undefined && { submittedAt }),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
  };
}

export interface Controller {
  readonly role: string;
  readonly host: string;
  readonly isUp: boolean;
}

const pingPattern = /^Slurmctld\(([^()\s]{1,32})\) at (\S{1,255}) is (UP|DOWN)\s*$/;

/** Reads `scontrol ping`. Throws SBATCH_UNREADABLE_OUTPUT when no controller is named. */
export function parseScontrolPing(text: string): readonly Controller[] {
  const parseLine = (line: string) => {
    const [, role, host, word] = pingPattern.exec(line) ?? [];
    return role === undefined || host === undefined ? undefined : { role, host, isUp: word === "UP" };
  };
  const { rows } = parseTable(text, { command: "scontrol ping", parseLine });
  if (rows.length === 0) throw unreadableOutput("scontrol ping", text);
  return rows;
}

/** Reads `scontrol show config` into its keys: `ClusterName`, `MinJobAge` (`300 sec`), `MaxArraySize`, `SLURM_VERSION`, … */
export function parseScontrolConfig(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split("\n")) {
    const separator = line.indexOf("=");
    const key = line.slice(0, Math.max(0, separator)).trim();
    const value = parseOptionalText(line.slice(separator + 1));
    if (/^[A-Za-z_]{2,64}$/.test(key) && value !== undefined && !settings.has(key)) settings.set(key, value);
  }
  if (settings.size === 0) throw unreadableOutput("scontrol show config", text);
  return settings;
}
