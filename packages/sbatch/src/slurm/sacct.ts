import { parseSlurmExitCode } from "./exit-code.ts";
import type { SlurmExitCode } from "./exit-code.ts";
import { parseSlurmJobId } from "./job-id.ts";
import type { SlurmJobId } from "./job-id.ts";
import { parseSlurmState } from "./states.ts";
import type { SlurmState } from "./states.ts";
import { parseOptionalText, parseSlurmTime, parseTable } from "./text.ts";
import type { SlurmTable } from "./text.ts";

/** One start of a job, or of a member of one, as accounting knows it. With `-D` a requeued job has several, oldest first. */
export interface AccountingRow {
  readonly id: SlurmJobId;
  readonly rawId: string;
  readonly state: SlurmState;
  /** Means something only once the job has ended: `0:0` while it runs. */
  readonly exit?: SlurmExitCode;
  /** The highest of its steps. */
  readonly derivedExit?: SlurmExitCode;
  readonly submittedAt?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly nodes?: string;
  /** The job's name. */
  readonly names: string;
}

/** The fields of `parseSacct`, free text last. Source: sacct(1); all of them are known since 19.05. */
export const sacctFields = "JobIDRaw,JobID,State,ExitCode,DerivedExitCode,Submit,Start,End,NodeList,JobName";

/** Reads `sacct -X -P -n -o <sacctFields>`. Throws SBATCH_UNREADABLE_OUTPUT for text without a row. */
export function parseSacct(text: string): SlurmTable<AccountingRow> {
  return parseTable(text, { command: "sacct", parseLine });
}

function parseLine(line: string): AccountingRow | undefined {
  const [rawId = "", idText = "", word = "", code = "", derived = "", submitted = "", start = "", end = "", ...rest] =
    line.split("|");
  const [nodeList, ...names] = rest;
  const id = parseSlurmJobId(idText);
  if (!id || !/^\d{1,10}$/.test(rawId) || word === "" || nodeList === undefined || names.length < 1) return undefined;
  const exit = parseSlurmExitCode(code);
  const derivedExit = parseSlurmExitCode(derived);
  const submittedAt = parseSlurmTime(submitted);
  const startedAt = parseSlurmTime(start);
  const endedAt = parseSlurmTime(end);
  const nodes = parseOptionalText(nodeList);
  return {
    id,
    rawId,
    state: parseSlurmState(word),
    ...(exit && { exit }),
    ...(derivedExit && { derivedExit }),
    ...(submittedAt !== undefined && { submittedAt }),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(nodes !== undefined && { nodes }),
    names: names.join("|"),
  };
}
