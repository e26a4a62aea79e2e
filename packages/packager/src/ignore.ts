import { readFileSync } from "node:fs";

import { unreadable } from "./disk.ts";
import { systemCode } from "./error.ts";
import { compileGlobs } from "./globs.ts";
import type { Glob } from "./globs.ts";

/** One line of an ignore file. */
export interface IgnoreRule {
  readonly line: string;
  readonly glob: Glob;
  /** It begins with `!`: what matches stays in. */
  readonly keeps: boolean;
}

export const ignoreFileName = ".slipwayignore";

/** The rules of the ignore file at the root, none without one. */
export async function readIgnoreFile(root: string): Promise<readonly IgnoreRule[]> {
  const file = `${root}/${ignoreFileName}`;
  try {
    return await parseIgnoreFile(readFileSync(file, "utf8"));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw systemCode(error)?.startsWith("E") ? unreadable(file, error) : error;
  }
}

/**
 * The syntax of gitignore(5): a pattern without a slash matches at any depth, one that ends in a slash only directories, `!` takes
 * back what a line above left out. Other than git's, it takes back files of a directory that was left out too.
 */
export async function parseIgnoreFile(text: string): Promise<readonly IgnoreRule[]> {
  const lines = text.split("\n").map((line) => line.replace(/(?<!\\)\s+$/, ""));
  const wanted = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const globs = await compileGlobs(wanted.map(toGlob));
  return globs.map((glob, position) => {
    const line = wanted[position] ?? "";
    return { line, glob, keeps: line.startsWith("!") };
  });
}

function toGlob(line: string): string {
  const pattern = line.replace(/^!/, "").replace(/^\\(?=[!#])/, "");
  const isDirectory = pattern.endsWith("/");
  const path = pattern.replace(/\/+$/, "");
  const anchored = path.includes("/") ? path.replace(/^\//, "") : `**/${path}`;
  return isDirectory ? `${anchored}/**/*` : anchored;
}

/** The last rule that matches decides. */
export function findIgnoreRule(rules: readonly IgnoreRule[], path: string): IgnoreRule | undefined {
  const rule = rules.findLast(({ glob }) => glob.matches(path));
  return rule?.keeps ? undefined : rule;
}
