import { randomBytes } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";

import { stripControlCharacters } from "@slipway/core";
import type { ExecResult, Transport } from "@slipway/core";

import { SlurmExecutorError } from "./error.ts";

/** A part of a script's answer: `say WORD REST`, and the lines printed after that. Untrusted text of the other host. */
export interface Section {
  readonly word: string;
  readonly rest: string;
  readonly body: string;
}

export interface Answer {
  readonly sections: readonly Section[];
  /** Standard error since the script began, without control characters. */
  readonly stderr: string;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a script of POSIX sh there: one command, whatever its length. The script travels compressed over standard input, so that nothing in it
 * stands in an argument list, and begins only when all of it has arrived. It has `say` and `fail`, and runs with a fixed, small environment:
 * what a terminal or a profile sets (SBATCH_…, SLURM_…) changes nothing. Its output comes back compressed.
 * Rejects with EXECUTOR_NO_ANSWER unless its last section is END or FAIL.
 */
export async function runScript(transport: Transport, script: string, { signal }: RunOptions = {}): Promise<Answer> {
  const tag = newTag();
  const argv = commandOf(tag, "packed");
  const result = await transport.exec(argv, { stdin: gzipSync(script + end), signal });
  const sections = readSections(unpack(Buffer.from(result.stdout), tag), tag);
  const stderr = stripControlCharacters(result.stderr.split(`${tag}\n`).at(-1) ?? "").trim();
  const failed = sections.find(({ word }) => word === "FAIL");
  if (failed?.rest === "tool gzip") throw toolMissing(transport.host, "gzip");
  if (!failed && sections.at(-1)?.word !== "END") throw noAnswer(transport.host, result, stderr);
  return { sections, stderr };
}

/** The same for a script that goes on for a while: `onStdout` receives what it prints as it comes. */
export function streamScript(
  transport: Transport,
  script: string,
  { signal, onStdout, tag }: RunOptions & { readonly onStdout: (bytes: Uint8Array) => void; readonly tag: string },
): Promise<ExecResult> {
  return transport.exec(commandOf(tag, "plain"), { stdin: gzipSync(script), signal, onStdout });
}

/** Begins the lines that are ours; nobody can guess it. */
export function newTag(): string {
  return `slipway-${randomBytes(12).toString("hex")}`;
}

export function toolMissing(host: string, tool: string): SlurmExecutorError {
  return new SlurmExecutorError("EXECUTOR_SLURM_TOOL_MISSING", `${host} has no ${tool}`, {
    hint: "Is it a login node of the cluster? Set pre_command (module load slurm), or PATH for non-interactive logins",
  });
}

function noAnswer(host: string, { exitCode, signal }: ExecResult, stderr: string): SlurmExecutorError {
  const how = signal === undefined ? `exit code ${String(exitCode)}` : `signal ${signal}`;
  return new SlurmExecutorError("EXECUTOR_NO_ANSWER", `The commands on ${host} ended without an answer (${how})`, {
    hint: "Nothing is lost: what was submitted is found again by the next command",
    ...(stderr !== "" && { cause: new Error(stderr) }),
  });
}

/** Source of what is kept: what sbatch and its authentication need (sbatch(1), "INPUT ENVIRONMENT VARIABLES"), and a login's own. */
const keptVariables =
  "HOME USER LOGNAME SHELL PATH LANG LC_ALL LC_CTYPE TZ LD_LIBRARY_PATH SLURM_CONF SLURM_CONF_SERVER KRB5CCNAME";

const clean = `tag=$1 how=$2 run=$3
set --
for name in ${keptVariables}; do eval "[ -z \\"\\\${$name+x}\\" ] || set -- \\"\\$@\\" \\"$name=\\$$name\\""; done
exec env -i "$@" sh -c "$run" sh "$tag" "$how"`;

const run = `tag=$1 how=$2
say() { printf "\\n%s %s\\n" "$tag" "$*"; }
fail() { say FAIL "$@"; exit 1; }
printf "\\n%s\\n" "$tag" >&2
command -v gzip >/dev/null 2>&1 || fail tool gzip
script=$(gzip -dc) || fail cut
exec </dev/null
lc_all=\${LC_ALL-} LC_ALL=C
export LC_ALL
[ "$how" = packed ] || { eval "$script"; exit; }
say PACKED
(eval "$script") | gzip -1`;

const end = "\nsay END\n";

function commandOf(tag: string, how: "packed" | "plain"): readonly string[] {
  return ["sh", "-c", clean, "sh", tag, how, run];
}

function unpack(stdout: Buffer, tag: string): string {
  const mark = Buffer.from(`\n${tag} PACKED\n`);
  const position = stdout.indexOf(mark);
  if (position < 0) return stdout.toString("utf8");
  try {
    return gunzipSync(stdout.subarray(position + mark.length)).toString("utf8");
  } catch {
    return ""; // Cut off: there is no answer.
  }
}

function readSections(text: string, tag: string): readonly Section[] {
  const [, ...parts] = `\n${text}`.split(`\n${tag} `);
  return parts.map((part) => {
    const [head = "", ...body] = part.split("\n");
    const [word = "", ...rest] = head.split(" ");
    return { word, rest: stripControlCharacters(rest.join(" ")), body: body.join("\n") };
  });
}
