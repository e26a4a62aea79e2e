import { chmod, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";

export const searchPath = process.env["PATH"] ?? "/usr/bin:/bin";

/** Makes a folder with links to all tools of PATH but one. */
export async function linkToolsBut(missing: string, folder: string): Promise<string> {
  await linkTools(folder, (file) => (path.basename(file) === missing ? undefined : file));
  return folder;
}

/** Makes a folder whose tools note their names in a file before they do what they should. */
export async function noteTools(folder: string, notes: string): Promise<string> {
  await mkdir(folder);
  const shim = path.join(folder, ".shim");
  const real = `for each in ${searchPath.replaceAll(":", " ")}; do [ ! -x "$each/$name" ] || exec "$each/$name" "$@"; done`;
  await writeFile(shim, `#!/bin/sh\nname=\${0##*/}\necho "$name" >>${notes}\n${real}\n`);
  await chmod(shim, 0o755);
  await linkTools(folder, () => shim);
  return folder;
}

async function linkTools(folder: string, targetOf: (file: string) => string | undefined): Promise<void> {
  for (const directory of searchPath.split(":")) {
    for (const name of await readdir(directory).catch((): readonly string[] => [])) {
      const target = targetOf(path.join(directory, name));
      if (target === undefined) continue;
      await symlink(target, path.join(folder, name)).catch(() => {}); // The first of PATH counts.
    }
  }
}
