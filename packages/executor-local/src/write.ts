import { randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";

import { explainWriteError } from "./error.ts";

/** A small file that is complete when it is visible. Throws EXECUTOR_DISK_FULL or EXECUTOR_HOME_NOT_WRITABLE. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.tmp-${randomUUID()}`;
  try {
    await writeFile(temporary, text, { flag: "wx" });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw explainWriteError(error, file);
  }
}
