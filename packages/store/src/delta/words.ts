import { quoteShell } from "@slipway/core";

// oxlint-disable-next-line no-control-regex
const odd = /[\u0000-\u001f\u007f-\u00ff\\]/g;
const plain = /^[ -[\]-~]*$/;

/** For `printf %b`: plain ASCII, whatever the bytes. Shells differ in what they do with other bytes in their text. */
export function escapeForPrintf(latin1Text: string): string {
  return latin1Text.replace(odd, (character) => `\\0${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

/** Lines that put a path into a variable. `spell` is the store's shell function that reads an escaped one. */
export function renderAssignment(variable: string, path: string): string {
  if (plain.test(path)) return `${variable}=${quoteShell(path)}\n`;
  return `spell ${quoteShell(escapeForPrintf(path))}; ${variable}=$spelled\n`;
}

const batchNames = 100;
const batchBytes = 16_384;

/** Calls a command with all these paths, some at a time, in their order; the function that this text stands in fails with it. */
export function renderCalls(command: string, paths: readonly string[]): string {
  return batchesOf(paths)
    .map((batch) => `set --\n${renderParameters(batch)}${command} "$@" || return 1\n`)
    .join("");
}

function renderParameters(paths: readonly string[]): string {
  const lines: string[] = [];
  let words: string[] = [];
  const flush = () => {
    if (words.length > 0) lines.push(`set -- "$@" ${words.join(" ")}\n`);
    words = [];
  };
  for (const path of paths) {
    if (plain.test(path)) {
      words.push(quoteShell(path));
      continue;
    }
    flush();
    lines.push(`spell ${quoteShell(escapeForPrintf(path))}; set -- "$@" "$spelled"\n`);
  }
  flush();
  return lines.join("");
}

function batchesOf(paths: readonly string[]): readonly (readonly string[])[] {
  const batches: string[][] = [];
  let batch: string[] = [];
  let bytes = 0;
  for (const path of paths) {
    if (batch.length === 0 || batch.length >= batchNames || bytes > batchBytes) {
      batches.push((batch = []));
      bytes = 0;
    }
    batch.push(path);
    bytes += path.length;
  }
  return batches;
}
