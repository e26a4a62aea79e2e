import { randomBytes } from "node:crypto";

import { stripControlCharacters } from "@slipway/core";
import type { ExecOptions, Input, Transport } from "@slipway/core";

import { StoreError } from "./error.ts";
import type { Packing } from "./packing.ts";
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

export interface AskOptions extends Pick<ExecOptions, "stdin" | "signal"> {
  /** More shell text, before the snippet's. Both then travel packed over standard input, before a `stdin` that must be packed in the same way. */
  readonly preface?: { readonly text: string; readonly packing: Packing } | undefined;
}

/** Runs a snippet; `parameters` are what follows the tag. Rejects with STORE_NO_ANSWER unless it says one of its last words. */
export async function askHost(
  transport: Transport,
  name: SnippetName,
  parameters: readonly string[],
  { preface, stdin, signal }: AskOptions,
): Promise<Answer> {
  const tag = newTag();
  const snippet = renderSnippet(name);
  let argv = ["sh", "-c", snippet, "sh", tag, ...parameters];
  let input = stdin;
  if (preface) {
    const script = await preface.packing.pack(Buffer.from(`${preface.text}${snippet}${end}`, "latin1"));
    argv = ["sh", "-c", loader, "sh", preface.packing.name, String(script.length), tag, ...parameters];
    input = inTurn(script, stdin);
  }
  const result = await transport.exec(argv, { stdin: input, signal });
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

export function newTag(): string {
  return `slipway-${randomBytes(12).toString("hex")}`;
}

const end = "\n# end";

/**
 * Parameters: how the script is packed, its packed size, the script's own. Reads byte by byte, for what follows is the script's
 * (POSIX, "dd": `ibs`), and begins nothing that was cut off.
 */
const loader = `codec=$1 size=$2 LC_ALL=C
export LC_ALL
shift 2
unpack() { case $codec in gzip) gzip -dc ;; zstd) zstd -qdc ;; *) cat ;; esac; }
script=$(dd ibs=1 obs=4096 count="$size" 2>/dev/null | unpack)
case $script in *"${end.trim()}") eval "$script" ;; esac`;

async function* inTurn(first: Uint8Array, rest: Input | undefined): AsyncGenerator<Uint8Array> {
  yield first;
  if (typeof rest === "string" || rest instanceof Uint8Array) yield Buffer.from(rest);
  else if (rest) yield* rest;
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
