import { randomBytes } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";

import { stripControlCharacters } from "@slipway/core";
import type { ExecResult, Transport } from "@slipway/core";

import { SlurmExecutorError } from "./error.ts";
import { commandOf, inBraces } from "./loader.ts";
import type { CallServerOptions } from "./loader.ts";

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

export interface RunScriptOptions extends RunOptions {
  /** For a script that changes many files and answers little: a server makes the calls, and the answer is not packed. */
  readonly calls?: CallServerOptions | undefined;
}

/**
 * Runs a script of POSIX sh there: one command, whatever its length. The script travels compressed over standard input, so that nothing in it
 * stands in an argument list, and begins only when all of it has arrived. It has `say` and `fail`, and runs with a fixed, small environment:
 * what a terminal or a profile sets (SBATCH_…, SLURM_…) changes nothing. Its output comes back compressed, unless it is sure to be short.
 * Rejects with EXECUTOR_NO_ANSWER unless its last section is END or FAIL.
 */
export async function runScript(
  transport: Transport,
  script: string,
  { signal, calls }: RunScriptOptions = {},
): Promise<Answer> {
  const tag = newTag();
  const stdin = gzipSync(inBraces(script + end, { packs: calls === undefined }));
  let result = await transport.exec(commandOf(tag, calls), { stdin, signal });
  // A perl that is there and does not start: the script itself says first of all, on standard error, that it has begun.
  const hasBegun = result.stderr.includes(tag) || result.exitCode === undefined || result.stdout.length > 0;
  if (calls && !hasBegun) result = await transport.exec(commandOf(tag), { stdin, signal });
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
  const stdin = gzipSync(inBraces(script, { packs: false }));
  return transport.exec(commandOf(tag), { stdin, signal, onStdout });
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

const end = "\nsay END\n";

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
