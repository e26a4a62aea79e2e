import { randomBytes } from "node:crypto";

import { stripControlCharacters } from "@slipway/core";
import type { ExecOptions, Transport } from "@slipway/core";

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
}

/** Runs a snippet; `parameters` are what follows the tag. Rejects with STORE_NO_ANSWER unless it says one of its last words. */
export async function askHost(
  transport: Transport,
  name: SnippetName,
  parameters: readonly string[],
  options: Pick<ExecOptions, "stdin" | "signal">,
): Promise<Answer> {
  const tag = `slipway-${randomBytes(12).toString("hex")}`;
  const result = await transport.exec(["sh", "-c", renderSnippet(name), "sh", tag, ...parameters], options);
  const stderr = stripControlCharacters(result.stderr.split(`${tag}\n`).at(-1) ?? "").trim();
  const lines = readLines(Buffer.from(result.stdout).toString("utf8"), tag);
  if (!lines.some(({ word }) => lastWords.has(word))) {
    const end = result.signal === undefined ? `exit code ${String(result.exitCode)}` : `signal ${result.signal}`;
    const message = `The code store's "${name}" on ${transport.host} ended without an answer (${end})`;
    throw new StoreError("STORE_NO_ANSWER", message, {
      hint: "Was it ended from outside, or does the login there not run commands?",
      ...(stderr !== "" && { cause: new Error(stderr) }),
    });
  }
  return { lines, stderr };
}

const lastWords: ReadonlySet<string> = new Set(["HAVE", "NEED", "FAIL", "DONE"]);

/** The lines that begin with the tag: `<tag> <word>[ <rest>]`. */
function readLines(stdout: string, tag: string): readonly AnswerLine[] {
  return stdout
    .split("\n")
    .filter((line) => line.startsWith(`${tag} `))
    .map((line) => {
      const [word = "", ...rest] = line.slice(tag.length + 1).split(" ");
      return { word, rest: stripControlCharacters(rest.join(" ")) };
    });
}
