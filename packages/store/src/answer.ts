import { randomBytes } from "node:crypto";

import { stripControlCharacters } from "@slipway/core";
import type { ExecOptions, ExecResult, Transport } from "@slipway/core";

import { StoreError } from "./error.ts";
import { renderSnippet } from "./snippets.ts";
import type { SnippetName } from "./snippets.ts";

/** What a snippet said. Untrusted text of the other host, without control characters. */
export interface Answer {
  readonly lines: readonly AnswerLine[];
  /** Standard error since the snippet began. */
  readonly stderr: string;
}

export interface AnswerLine {
  /** `HAVE`, `NEED`, `BAD`, … */
  readonly word: string;
  readonly rest: string;
  /** What was printed between it and the next, line by line, as it came. */
  readonly below: readonly string[];
}

/** Runs a snippet; `parameters` are what follows the tag. Rejects with STORE_NO_ANSWER unless it says one of its last words. */
export async function askHost(
  transport: Transport,
  name: SnippetName,
  parameters: readonly string[],
  options: Pick<ExecOptions, "stdin" | "signal">,
): Promise<Answer> {
  const { tag, argv } = beginSnippet(name, parameters);
  const result = await transport.exec(argv, options);
  const answer = readAnswer([result.stdout], tag, result.stderr);
  if (!hasLastWord(answer.lines)) throw noAnswer(transport, name, result, answer);
  return answer;
}

export function beginSnippet(name: SnippetName, parameters: readonly string[]) {
  const tag = newTag();
  return { tag, argv: ["sh", "-c", renderSnippet(name), "sh", tag, ...parameters] };
}

export function newTag(): string {
  return `slipway-${randomBytes(12).toString("hex")}`;
}

const lastWords: ReadonlySet<string> = new Set(["HAVE", "NEED", "FAIL", "DONE"]);

export function hasLastWord(lines: readonly AnswerLine[]): boolean {
  return lines.some(({ word }) => lastWords.has(word));
}

/** The whole lines that begin with the tag, `<tag> <word>[ <rest>]`, each with those below it. */
export function readAnswer(stdout: readonly Uint8Array[], tag: string, stderr = ""): Answer {
  const lines: { word: string; rest: string; below: string[] }[] = [];
  const begin = `${tag} `;
  for (const line of Buffer.concat(stdout).toString("utf8").split("\n").slice(0, -1)) {
    if (line.startsWith(begin)) {
      const [word = "", ...rest] = line.slice(begin.length).split(" ");
      lines.push({ word, rest: stripControlCharacters(rest.join(" ")), below: [] });
    } else lines.at(-1)?.below.push(line);
  }
  return { lines, stderr: stripControlCharacters(stderr.split(`${tag}\n`).at(-1) ?? "").trim() };
}

export function noAnswer(
  { host }: Transport,
  name: string,
  { signal, exitCode }: ExecResult,
  { stderr }: Answer,
): StoreError {
  const end = signal === undefined ? `exit code ${String(exitCode)}` : `signal ${signal}`;
  return new StoreError("STORE_NO_ANSWER", `The code store's "${name}" on ${host} ended without an answer (${end})`, {
    hint: "Was it ended from outside, or does the login there not run commands?",
    ...(stderr !== "" && { cause: new Error(stderr) }),
  });
}
