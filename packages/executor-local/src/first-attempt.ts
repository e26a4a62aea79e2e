import { readFile } from "node:fs/promises";
import path from "node:path";

import { isErrno } from "./errno.ts";

/** In a run directory of several tries: the number of the last one's first attempt. */
export const firstAttemptFile = "first_attempt";

/** 1 where there is one try. */
export async function readFirstAttempt(runDir: string): Promise<number> {
  try {
    const text = await readFile(path.join(runDir, firstAttemptFile), "utf8");
    return /^[1-9]\d{0,8}$/.test(text.trim()) ? Number(text) : 1;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return 1;
    throw error;
  }
}
