import { isUtf8 } from "node:buffer";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitOutput } from "./command.ts";
import type { GitOptions } from "./command.ts";

/**
 * The difference between HEAD and the tracked files on disk, as `git apply` reads it. Undefined where it cannot be a string, which
 * takes text that is not UTF-8 and attributes that call it text.
 */
export async function readPatch(settings: readonly string[], options: GitOptions): Promise<string | undefined> {
  const args = ["diff", "HEAD", "--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv"];
  const plain = [...args, "--no-renames", "--ignore-submodules=all", "--src-prefix=a/", "--dst-prefix=b/"];
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
