import { mkdirSync, statSync } from "node:fs";
import type { Stats } from "node:fs";
import path from "node:path";

/**
 * A folder and those above it, as `mkdir -p`; `mode` is that of each new one, less the umask. Throws the file system's own error.
 * Node 20's recursive mkdir never ends where a folder that exists refuses a new name with ENOENT, as /proc and automounted folders do.
 */
export function makeFolder(folder: string, { mode }: { readonly mode?: number | undefined } = {}): void {
  const missing = [folder];
  for (let parent = path.dirname(folder); !look(parent); parent = path.dirname(parent)) missing.push(parent);
  for (const each of missing.toReversed()) {
    try {
      mkdirSync(each, mode);
    } catch (error) {
      if (!look(each)?.isDirectory()) throw error; // Somebody else may have made it in the meantime.
    }
  }
}

/** What cannot be looked at, mkdir cannot make either: its error says why. */
function look(name: string): Stats | undefined {
  try {
    return statSync(name);
  } catch {
    return undefined;
  }
}
