import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { isErrno } from "./errno.ts";
import { isEvidenceName, partsFile } from "./parts.ts";

/** The texts of a run directory's evidence and its list of parts, by name; undefined when it is gone. */
export async function readRunDirectory(runDir: string): Promise<Readonly<Record<string, string>> | undefined> {
  let names: readonly string[];
  try {
    names = await readdir(runDir);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
  const texts: Record<string, string> = {};
  const wanted = names.filter((name) => isEvidenceName(name) || name === partsFile);
  for (let index = 0; index < wanted.length; index += readAtOnce) {
    await Promise.all(
      wanted.slice(index, index + readAtOnce).map(async (name) => {
        const text = await readRecord(path.join(runDir, name));
        if (text !== undefined) texts[name] = text;
      }),
    );
  }
  return texts;
}

const readAtOnce = 64;

async function readRecord(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}
