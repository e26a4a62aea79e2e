import { PackagerError } from "./error.ts";
import { latin1 } from "./paths.ts";

export interface Glob {
  readonly pattern: string;
  /** The directory that every match lies in, or the one path that matches; empty for the root. */
  readonly base: string;
  matches(path: string): boolean;
}

/**
 * Globs with a real `**`, matching names that begin with a dot too. One that names a directory means all that is below it.
 * Rejects with PACKAGER_BAD_PATTERN for one that is empty, absolute or leads out of the root.
 */
export async function compileGlobs(patterns: readonly string[]): Promise<readonly Glob[]> {
  if (patterns.length === 0) return [];
  const { default: picomatch } = await import("picomatch");
  return patterns.map((pattern) => {
    const trimmed = trimPattern(pattern);
    const isPath = picomatch(trimmed, globOptions);
    const isBelow = picomatch(`${trimmed}/**`, globOptions);
    const { base, isGlob } = picomatch.scan(trimmed, globOptions);
    return { pattern, base: isGlob ? base : trimmed, matches: (path) => isPath(path) || isBelow(path) };
  });
}

const globOptions = { dot: true, nonegate: true };

function trimPattern(pattern: string): string {
  const trimmed = pattern.replace(/^(?:\.\/)+/, "").replace(/\/+$/, "");
  if (trimmed === "" || trimmed.startsWith("/") || trimmed.split("/").includes("..")) {
    throw new PackagerError(
      "PACKAGER_BAD_PATTERN",
      `The pattern ${JSON.stringify(pattern)} names nothing below the root`,
      { hint: "Patterns are relative to the top of what is packaged: no leading slash, no '..'." },
    );
  }
  return trimmed;
}

// oxlint-disable-next-line no-control-regex
const ascii = /^[\u0000-\u007f]*$/;

/** A path as globs see it: text, with what is not UTF-8 replaced. */
export function globText(path: Uint8Array): string {
  const text = latin1(path);
  return ascii.test(text) ? text : Buffer.from(path).toString("utf8");
}
