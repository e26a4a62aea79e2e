import { createHash } from "node:crypto";

import { quoteShell } from "@slipway/core";
import type { PlannedFile } from "@slipway/core";

/** Text that is the same in every submission: sent once, then kept there as `<jobDir>/text/<sha256>`. */
export interface SharedText {
  readonly sha256: string;
  readonly text: string;
}

export function shareText(text: string): SharedText {
  if (last?.text !== text) last = { sha256: createHash("sha256").update(text).digest("hex"), text };
  return last;
}

/** The jobs of an experiment have the same one. */
let last: SharedText | undefined;

/** Before it the script is the job's own. */
const mark = "\n# --- From here on the same text in every script";

/** A file's own beginning and, for a job's script, the part that all scripts share. */
export function splitFile({ content }: PlannedFile): { readonly own: string; readonly shared?: SharedText } {
  const position = content.indexOf(mark);
  return position < 0
    ? { own: content }
    : { own: content.slice(0, position), shared: shareText(content.slice(position)) };
}

/** Where it is kept, in the job_dir. */
export function sharedTextFile({ sha256 }: SharedText): string {
  return `text/${sha256}`;
}

/**
 * Shell text that makes sure of the texts, in the job_dir; `fail text` when they must be sent. Each is compared with its name. Where a
 * server makes the calls, its first answer is their sums.
 */
export function renderSharedTexts(texts: readonly SharedText[], { sends }: { readonly sends: boolean }): string {
  const files = texts.map(sharedTextFile).join(" ");
  const steps = texts.map(({ sha256, text }) =>
    sends ? `has_text ${sha256} || keep_text ${sha256} ${quoteShell(text)}\n` : `has_text ${sha256} || fail text\n`,
  );
  const sums = `if [ -n "$calls" ]; then read -r sums <&9; else sums=$(sums_of ${files}); fi\n`;
  return `${summing}${sends ? keeping : ""}${sums}${steps.join("")}`;
}

const summing = `sums_of() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi 2>/dev/null; }
has_text() { case $sums in *"$1  text/$1"*) return 0 ;; *) return 1 ;; esac; }
`;

const keeping = `keep_text() {
[ -d text ] || mkdir text || [ -d text ] || fail folder text
printf %s "$2" >"text/.$nonce" && mv -f "text/.$nonce" "text/$1" && sums=$(sums_of "text/$1") && has_text "$1" || { rm -f "text/.$nonce"; fail folder text; }
}
`;
