import type { Answer } from "./answer.ts";
import { StoreError } from "./error.ts";

/** Where a store lies, for messages. */
export interface Place {
  readonly host: string;
  /** Absolute; the store is `<root>/store`. */
  readonly root: string;
}

/** Throws what a snippet said it failed at; an answer without a failure is fine. */
export function throwFailure(answer: Answer, place: Place): void {
  const failed = answer.lines.find(({ word }) => word === "FAIL");
  if (failed) throw failure(failed.rest, answer, place);
}

/** What a script of another package failed at, in the words of the store's own. */
export function storeFailure(said: string, place: Place): StoreError {
  return failure(said, { lines: [], stderr: "" }, place);
}

/** `said` is a step of `snippets.ts` with its detail: `folder store/code`, `tool tar`, `extract 2`. */
function failure(said: string, answer: Answer, { host, root }: Place): StoreError {
  const [step = ""] = said.split(" ", 1);
  const detail = said.slice(step.length + 1);
  const where = `${root}/store on ${host}`;
  const full = firstLine(answer.stderr, diskFull);
  if (full !== undefined && stepsThatWrite.has(step)) {
    return new StoreError("STORE_DISK_FULL", `No space left for code in ${where}: ${full}`, {
      hint: "Free space or inodes there (quota, `df -h`, `df -i`), or choose another job_dir.",
    });
  }
  switch (step) {
    case "tool":
      return new StoreError("STORE_TOOL_MISSING", `${host} has no ${detail}, which the code store in ${root} needs`, {
        hint: "Install it there, or add its folder to the PATH of non-interactive logins (or pre_command).",
      });
    case "symlink":
      return new StoreError(
        "STORE_LAYOUT_DAMAGED",
        `${root}/${detail} on ${host} is a symbolic link, not a directory`,
        {
          hint: "Only the job_dir itself may be a link. Remove the link, or move the whole job_dir and link that.",
        },
      );
    case "layout":
      return new StoreError(
        "STORE_LAYOUT_UNSUPPORTED",
        `The store ${where} has the layout ${clip(detail)}; this slipway knows version 1`,
        {
          hint: "Use the slipway that made it, or another job_dir.",
          details: { layout: detail },
        },
      );
    case "cluster":
      return new StoreError("STORE_OTHER_CLUSTER", `The store ${where} is another cluster's: ${clip(detail)}`, {
        hint: "Each cluster has its own job_dir: whether a job can still start is known to its own cluster only.",
        details: { layout: detail },
      });
    case "root":
    case "folder":
      return cannotMake(step === "root" ? root : `${root}/${detail}`, host, answer.stderr);
    case "reclaimed":
      return new StoreError("STORE_UPLOAD_RECLAIMED", `The unfinished upload in ${where} was taken away by a cleaner`, {
        hint: "Stage again.",
      });
    case "absent":
    case "unreadable":
      return new StoreError("STORE_NOT_READABLE", `May not read ${where}`, {
        hint: "Whose is it? See `ls -ld` there.",
      });
    default:
      return corruptUpload(answer, where);
  }
}

/** The last one is what GNU tar says of a file that fits in part. */
const diskFull = /No space left on device|(Disk|Disc)? ?quota exceeded|Wrote only \d+ of \d+ bytes/i;
const notADirectory = /File exists|Not a directory/i;
const stepsThatWrite: ReadonlySet<string> = new Set(["root", "folder", "extract", "base"]);

export function isDiskFull({ stderr }: Answer): boolean {
  return firstLine(stderr, diskFull) !== undefined;
}

function cannotMake(path: string, host: string, stderr: string): StoreError {
  if (firstLine(stderr, notADirectory) !== undefined) {
    return new StoreError("STORE_LAYOUT_DAMAGED", `${path} on ${host} is in the way: something else has that name`, {
      hint: "Move it away, or choose another job_dir.",
      cause: new Error(stderr),
    });
  }
  return new StoreError("STORE_NOT_WRITABLE", `Cannot write ${path} on ${host}: ${lastLine(stderr)}`, {
    hint: "Is the job_dir yours, on a file system that is mounted for writing? See `ls -ld` there.",
  });
}

function corruptUpload(answer: Answer, where: string): StoreError {
  const problems = describeProblems(answer);
  const { stderr } = answer;
  return new StoreError(
    "STORE_CORRUPT_UPLOAD",
    `What arrived in ${where} is not the bundle: ${problems[0] ?? "it is incomplete"}`,
    {
      hint: "Nothing of it is kept. Stage again.",
      details: { problems },
      ...(stderr !== "" && { cause: new Error(stderr) }),
    },
  );
}

/** What `check` in `snippets.ts` found, in words. */
export function describeProblems({ lines }: Answer): readonly string[] {
  const problems = lines.filter(({ word }) => word === "BAD").map(({ rest }) => describeProblem(rest));
  const isUnexplained = problems.length === 0 && lines.some(({ word, rest }) => word === "DONE" && rest !== "0");
  return isUnexplained ? ["it could not be compared with its manifest to the end"] : problems;
}

export function describeProblem(line: string): string {
  const [kind = "", first = "", found, expected] = line.split(" ");
  const name = line.slice(kind.length + 1);
  switch (kind) {
    case "no-manifest":
      return "its manifest is missing";
    case "no-tree":
      return "its tree is missing";
    case "other-manifest":
      return "its manifest is not the one of its digest";
    case "count":
      return `${found} ${countedThings[first] ?? first} where its manifest has ${expected}`;
    case "content":
      return `the content of ${name} is not what its manifest says`;
    case "target":
      return `the target of the link ${name} is not what its manifest says`;
    case "modes":
      return "other files may be executed than its manifest says";
    case "missing":
      return `${name} is missing`;
    case "extra":
      return `${name} is not in its manifest`;
    default:
      return line;
  }
}

/** Whether there is no such folder, for all one may see. */
export function isAbsent({ lines, stderr }: Answer): boolean {
  return lines.some(({ word, rest }) => word === "FAIL" && rest === "absent") && !/Permission denied/.test(stderr);
}

const countedThings: Readonly<Record<string, string>> = {
  writable: "writable files and directories",
  executables: "executable files",
  symlinks: "symbolic links",
  others: "things that are no file, link or directory",
};

function firstLine(text: string, pattern: RegExp): string | undefined {
  return text.split("\n").find((line) => pattern.test(line));
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) || "no reason given";
}

function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
