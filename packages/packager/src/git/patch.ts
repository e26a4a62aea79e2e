import { isUtf8 } from "node:buffer";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitOutput } from "./command.ts";
import type { GitOptions } from "./command.ts";

export interface PatchBase {
  /** A commit: what the patch is to be applied to. */
  readonly commit: string;
  /** Where the repository lies in the one that the patch is for: empty, or with a slash at its end. */
  readonly prefix: string;
}

export interface PatchOptions extends GitOptions, PatchBase {
  /** Arguments that go before git's command. */
  readonly settings: readonly string[];
}

/**
 * The difference between a commit and the tracked files on disk, as `git apply` reads it. Undefined where it cannot be a string,
 * which takes text that is not UTF-8 and attributes that call it text.
 */
export async function readPatch({ settings, commit, prefix, ...options }: PatchOptions): Promise<string | undefined> {
  const args = ["diff", commit, "--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv"];
  const prefixes = [`--src-prefix=a/${prefix}`, `--dst-prefix=b/${prefix}`];
  const plain = [...args, "--no-renames", "--ignore-submodules=all", ...prefixes];
  // Without this setting git diff would write the index anew. With it, files that were only touched get a header of their own.
  const quiet = [...settings, "-c", "diff.autoRefreshIndex=false"];
  const asText = await gitOutput([...quiet, ...plain], options);
  if (isUtf8(asText)) return asText.toString("utf8").replaceAll(loneHeader, "");
  const asBinary = await withAttributes("* -diff\n", options, (file) =>
    gitOutput([...quiet, "-c", `core.attributesFile=${file}`, ...plain], options),
  );
  return isUtf8(asBinary) ? asBinary.toString("utf8").replaceAll(loneHeader, "") : undefined;
}

const loneHeader = /^diff --git .*\n(?=diff --git |(?![^]))/gm;

async function withAttributes<T>(content: string, { env }: GitOptions, use: (file: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(path.join(env["TMPDIR"] ?? "/tmp", "slipway-"));
  try {
    const file = path.join(directory, "attributes");
    await writeFile(file, content);
    return await use(file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
