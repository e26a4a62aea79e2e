import { randomBytes } from "node:crypto";

import { stripControlCharacters } from "@slipway/core";
import type { ExecOptions, SlipwayError, Transport } from "@slipway/core";
import { storeFailure } from "@slipway/store";

import { CleanerError } from "./error.ts";

/** A part of a script's answer: `say WORD REST`, and the lines printed after that. Untrusted text of the other host. */
export interface Section {
  readonly word: string;
  readonly rest: string;
  readonly lines: readonly string[];
}

/**
 * Runs POSIX sh there. `parameters` are `$2` and on; the script has `say` and `fail`, and stands in the C locale. Rejects with
 * CLEANER_NO_ANSWER unless it says END, and with what `fail` said.
 */
export async function askHost(
  transport: Transport,
  script: string,
  parameters: readonly string[],
  { signal, stdin }: Pick<ExecOptions, "signal" | "stdin"> = {},
): Promise<readonly Section[]> {
  signal?.throwIfAborted();
  const tag = `slipway-${randomBytes(12).toString("hex")}`;
  const argv = ["sh", "-c", `${prelude}${script}\nsay END\n`, "sh", tag, ...parameters];
  const { stdout, stderr, exitCode } = await transport.exec(argv, { signal, stdin: stdin ?? "" });
  const sections = readSections(Buffer.from(stdout).toString("utf8"), tag);
  const failed = sections.find(({ word }) => word === "FAIL");
  if (failed) throw failure(failed.rest, { host: transport.host, root: parameters[0] ?? "" });
  if (sections.at(-1)?.word === "END") return sections;
  const said = stripControlCharacters(stderr).trim();
  throw new CleanerError("CLEANER_NO_ANSWER", `${transport.host} ended the cleaner's question (${String(exitCode)})`, {
    hint: "Nothing is half-done: ask again",
    ...(said !== "" && { cause: new Error(said) }),
  });
}

const prelude = `
tag=$1
shift
LC_ALL=C
export LC_ALL
unset CDPATH PERL5OPT PERL_UNICODE
say() { printf "\\n%s %s\\n" "$tag" "$*"; }
fail() { say FAIL "$@"; exit 1; }
`;

function readSections(text: string, tag: string): readonly Section[] {
  const [, ...parts] = `\n${text}`.split(`\n${tag} `);
  return parts.map((part) => {
    const [head = "", ...lines] = part.split("\n");
    const [word = "", ...rest] = head.split(" ");
    return { word, rest: stripControlCharacters(rest.join(" ")), lines: lines.filter((line) => line !== "") };
  });
}

export function sectionOf(sections: readonly Section[], name: string): Section | undefined {
  return sections.find(({ word }) => word === name);
}

function failure(said: string, place: { readonly host: string; readonly root: string }): SlipwayError {
  const { host } = place;
  const [step = "", ...rest] = said.split(" ");
  const detail = rest.join(" ");
  switch (step) {
    case "root":
      return new CleanerError("CLEANER_UNSAFE_ROOT", `${detail} on ${host} is no folder to clean in`, {
        hint: "Give slipway a job_dir of its own, below your home or scratch folder",
      });
    case "symlink":
      return new CleanerError("CLEANER_LAYOUT_DAMAGED", `${detail} on ${host} is a symbolic link, not a directory`, {
        hint: "Only the job_dir itself may be a link",
      });
    case "layout":
    case "tool":
      return storeFailure(said, place);
    default:
      return new CleanerError("CLEANER_NO_ANSWER", `${host} cannot be asked: ${said}`, {
        hint: "See whether the job_dir is there and readable",
      });
  }
}
