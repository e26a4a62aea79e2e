import { numberField, parseRecord, RecordSyntaxError, textField, timeField, wordField } from "./record.ts";

/** A process, so named that a number which is used again is not taken for it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the host's own form: clock ticks since boot (proc(5), field 22), or `ps -o lstart`. */
  readonly start: string;
  /** The host's boot it belongs to. */
  readonly boot: string;
}

/** `commit`: which process runs the job of a token. */
export interface CommitRecord extends ProcessIdentity {
  readonly token: string;
  readonly at: string;
}

/** `attempt-N.group`: the leader of the command's process group. */
export interface GroupRecord extends ProcessIdentity {
  /** The session of the group's processes; absent where the host does not tell it. */
  readonly session?: number;
}

/** How a command ended. Neither number where it never began. */
export interface CommandEnd {
  readonly exitCode?: number;
  readonly signal?: number;
  /** A shell's number above 128, where no better tool was there: an exit code, or 128 and a signal. */
  readonly shellStatus?: number;
  readonly reason?: string;
}

/** `attempt-N.exit`: the wrapper's last word. */
export interface EndRecord extends CommandEnd {
  readonly outcome: "ended" | "cancelled" | "timed_out";
  readonly at: string;
  /** The attempt that the wrapper begins after this one. */
  readonly next?: number;
}

/** `cancel`: that somebody asked for the job's end. */
export interface CancelRecord {
  readonly by: string;
  readonly at: string;
}

/** What the files of a run directory say about its last attempt. */
export interface JobEvidence {
  readonly attempt: number;
  readonly commit?: CommitRecord;
  readonly start?: { readonly at: string };
  readonly group?: GroupRecord;
  /** `attempt-N.status`: the runner's word, there before the wrapper's. */
  readonly status?: CommandEnd;
  readonly end?: EndRecord;
  readonly cancel?: CancelRecord;
  /** Files that are there and cannot be relied on, and why. */
  readonly unreadable: readonly { readonly file: string; readonly why: string }[];
}

/**
 * Reads the evidence files, given by name; those of attempts before the first one that counts left out. Their text is untrusted: what is not
 * exactly a record is told in `unreadable`.
 */
export function parseEvidence(files: Readonly<Record<string, string>>, firstAttempt = 1): JobEvidence {
  const attempt = lastAttempt(Object.keys(files), firstAttempt);
  const unreadable: { file: string; why: string }[] = [];
  function read<T>(file: string, parse: (fields: ReadonlyMap<string, string>) => T): T | undefined {
    const text = files[file];
    if (text === undefined) return undefined;
    try {
      return parse(parseRecord(text));
    } catch (error) {
      if (!(error instanceof RecordSyntaxError)) throw error;
      unreadable.push({ file, why: error.message });
      return undefined;
    }
  }
  const commit = read("commit", parseCommit);
  const start = read(`attempt-${attempt}.start`, (fields) => ({ at: timeField(fields, "at") }));
  const group = read(`attempt-${attempt}.group`, parseGroup);
  const status = read(`attempt-${attempt}.status`, parseCommandEnd);
  const end = read(`attempt-${attempt}.exit`, parseEnd);
  const cancel = read("cancel", (fields) => ({ by: textField(fields, "by"), at: timeField(fields, "at") }));
  return {
    attempt,
    ...(commit && { commit }),
    ...(start && { start }),
    ...(group && { group }),
    ...(status && { status }),
    ...(end && { end }),
    ...(cancel && { cancel }),
    unreadable,
  };
}

const attemptPattern = /^attempt-([1-9]\d{0,8})\./;

function lastAttempt(names: readonly string[], firstAttempt: number): number {
  return Math.max(firstAttempt, ...names.map((name) => Number(attemptPattern.exec(name)?.[1] ?? 1)));
}

/** Source: PID_MAX_LIMIT of Linux is 2^22; others stay below 2^31. 0 and 1 are never a job: kill(2) reads them as something else. */
const pidRange = { least: 2, most: 2 ** 31 - 1 };

function parseIdentity(fields: ReadonlyMap<string, string>): ProcessIdentity {
  return {
    pid: numberField(fields, "pid", pidRange),
    start: textField(fields, "start"),
    boot: textField(fields, "boot"),
  };
}

function parseCommit(fields: ReadonlyMap<string, string>): CommitRecord {
  return { ...parseIdentity(fields), token: textField(fields, "token"), at: timeField(fields, "at") };
}

function parseGroup(fields: ReadonlyMap<string, string>): GroupRecord {
  const session = fields.has("session") ? numberField(fields, "session", { ...pidRange, least: 0 }) : undefined;
  return { ...parseIdentity(fields), ...(session !== undefined && { session }) };
}

function parseCommandEnd(fields: ReadonlyMap<string, string>): CommandEnd {
  const optional = (key: string, range: { least: number; most: number }) =>
    fields.has(key) ? numberField(fields, key, range) : undefined;
  const exitCode = optional("exit", { least: 0, most: 255 });
  const signal = optional("signal", { least: 1, most: 127 });
  const shellStatus = optional("shell_status", { least: 0, most: 255 });
  const numbers = [exitCode, signal, shellStatus].filter((number) => number !== undefined);
  if (numbers.length > 1) throw new RecordSyntaxError("tells two ends of one command");
  return {
    ...(exitCode !== undefined && { exitCode }),
    ...(signal !== undefined && { signal }),
    ...(shellStatus !== undefined && { shellStatus }),
    ...(fields.has("reason") && { reason: wordField(fields, "reason") }),
  };
}

function parseEnd(fields: ReadonlyMap<string, string>): EndRecord {
  const outcome = wordField(fields, "outcome");
  if (outcome !== "ended" && outcome !== "cancelled" && outcome !== "timed_out") {
    throw new RecordSyntaxError(`has the unknown outcome ${JSON.stringify(outcome)}`);
  }
  const next = fields.has("next") ? numberField(fields, "next", { least: 2, most: 999_999_999 }) : undefined;
  return { ...parseCommandEnd(fields), outcome, at: timeField(fields, "at"), ...(next !== undefined && { next }) };
}
