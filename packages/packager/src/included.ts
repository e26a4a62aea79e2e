import { createLook } from "./disk.ts";
import { PackagerError } from "./error.ts";
import { compileGlobs, globText } from "./globs.ts";
import type { Glob } from "./globs.ts";
import type { ListedFile } from "./listing.ts";
import { fromLatin1 } from "./paths.ts";
import { isGitFolder, walk } from "./walk.ts";

export interface IncludeOptions {
  /** The directory that the patterns are relative to; absolute. */
  readonly directory: string;
  /** Where it lies in the bundle; empty for its root. */
  readonly prefix: Uint8Array;
  readonly patterns: readonly string[];
  /** Begins what each file is told to come from: `include`, `companion x, include`. */
  readonly from: string;
  /** Whether a pattern that matches nothing is an error. */
  readonly mustMatch: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The files on disk that include patterns match, tracked or not. Only the directories that can hold a match are read. */
export async function listIncluded(options: IncludeOptions): Promise<readonly ListedFile[]> {
  const { directory, prefix, patterns, from, mustMatch, signal } = options;
  const globs = await compileGlobs(patterns);
  const files: ListedFile[] = [];
  for (const glob of globs) {
    const look = createLook({ directory, prefix, from: `${from} ${glob.pattern}` });
    const found = (await candidates(directory, glob, signal)).map((path) => look(path));
    const packable = found.filter((seen) => typeof seen !== "string");
    if (packable.length === 0 && mustMatch) throw matchesNothing(glob.pattern, directory);
    files.push(...packable);
  }
  return files;
}

async function candidates(directory: string, glob: Glob, signal?: AbortSignal): Promise<readonly Uint8Array[]> {
  const base = Buffer.from(glob.base);
  if (isGitFolder(base) || globText(base).includes(".git/")) return [];
  const seen = createLook({ directory, prefix: fromLatin1(""), from: "" })(base);
  if (base.length > 0 && typeof seen !== "string") return glob.matches(globText(base)) ? [base] : [];
  if (base.length > 0 && seen !== "directory") return [];
  const paths = await walk(directory, { from: base, skip: isGitFolder, signal });
  return paths.filter((path) => glob.matches(globText(path)));
}

function matchesNothing(pattern: string, directory: string): PackagerError {
  return new PackagerError(
    "PACKAGER_INCLUDE_MATCHES_NOTHING",
    `The include pattern ${JSON.stringify(pattern)} matches no file in ${directory}`,
    {
      hint: "Patterns are relative to that directory; '**' stands for any number of directories.",
    },
  );
}
