import { createHash } from "node:crypto";
import { lstat, readFile, readdir, readlink } from "node:fs/promises";
import path from "node:path";

/** Everything below a folder, for `expect(await snapshot(dir)).toEqual(before)`: by relative path, kind, mode, mtime (ns) and content. */
export async function snapshot(directory: string): Promise<Readonly<Record<string, string>>> {
  const seen: Record<string, string> = {};
  await visit(directory, "", seen);
  return seen;
}

async function visit(root: string, relative: string, seen: Record<string, string>): Promise<void> {
  const file = path.join(root, relative);
  const stat = await lstat(file, { bigint: true });
  const facts = `mode=${stat.mode.toString(8)} mtimeNs=${stat.mtimeNs}`;
  if (stat.isSymbolicLink()) seen[relative] = `symlink ${facts} -> ${await readlink(file)}`;
  else if (stat.isFile()) seen[relative] = `file ${facts} sha256=${await sha256(file)}`;
  else if (stat.isDirectory()) {
    seen[relative] = `directory ${facts}`;
    for (const name of (await readdir(file)).toSorted()) await visit(root, path.join(relative, name), seen);
  } else seen[relative] = `other ${facts}`;
}

async function sha256(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}
