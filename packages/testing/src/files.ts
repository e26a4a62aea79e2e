import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

/** A file's text, or a file with a mode, or a symbolic link. */
export type FileSpec =
  | string
  | Uint8Array
  | { readonly content: string | Uint8Array; readonly mode?: number }
  | { readonly symlink: string };

/** Writes files below a folder, by relative path, with the folders that they need. */
export async function writeFiles(directory: string, files: Readonly<Record<string, FileSpec>>): Promise<void> {
  for (const [name, spec] of Object.entries(files)) {
    const file = path.join(directory, name);
    await mkdir(path.dirname(file), { recursive: true });
    if (typeof spec === "object" && "symlink" in spec) {
      await symlink(spec.symlink, file);
    } else if (typeof spec === "string" || spec instanceof Uint8Array) {
      await writeFile(file, spec);
    } else {
      await writeFile(file, spec.content);
      if (spec.mode !== undefined) await chmod(file, spec.mode);
    }
  }
}
