import { isSlipwayError, stripControlCharacters, stripUrlCredentials } from "@slipway/core";
import type { SlipwayError } from "@slipway/core";

import { exitCodeOfError } from "../exit-codes.ts";

/** What happened, where, why, and what to do: for people, ending in a newline. */
export function renderError(error: SlipwayError, { verbose }: { readonly verbose: boolean }): string {
  const lines = [`slipway: ${clean(error.message)}`];
  if (error.hint !== undefined) lines.push(`  → ${clean(error.hint)}`);
  if (verbose) for (const cause of causes(error)) lines.push(`  because: ${clean(cause)}`);
  return `${lines.join("\n")}\n`;
}

/** The error document of `--json`. */
export function errorDocument(error: SlipwayError): object {
  const { code, message, hint, details } = error;
  return {
    error: {
      code,
      message: clean(message),
      ...(hint !== undefined && { hint: clean(hint) }),
      exitCode: exitCodeOfError(code),
      ...(details !== undefined && { details }),
    },
  };
}

function causes(error: Error): readonly string[] {
  const found: string[] = [];
  for (let cause = error.cause; cause instanceof Error && found.length < 10; cause = cause.cause) {
    found.push(isSlipwayError(cause) ? `${cause.code}: ${cause.message}` : String(cause));
  }
  return found;
}

function clean(text: string): string {
  return stripUrlCredentials(stripControlCharacters(text));
}
