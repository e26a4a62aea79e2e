import { quoteShell } from "@slipway/core";

/** A word of a command line in a script: text that arrives as it stands, or shell text that the script expands. */
export type Word = string | { readonly shell: string };

export function inShell(shell: string): Word {
  return { shell };
}

/** Words, broken into lines before options, so that people can read a long command. */
export function renderWords(words: readonly Word[]): string {
  const rendered = words.map((word) => (typeof word === "string" ? quoteShell(word) : word.shell));
  const oneLine = rendered.join(" ");
  if (oneLine.length <= 120 || oneLine.includes("\n")) return oneLine;
  return rendered.map((word, index) => (index > 0 && word.startsWith("--") ? `\\\n  ${word}` : word)).join(" ");
}
