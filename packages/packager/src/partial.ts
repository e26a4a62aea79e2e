import { createHash, randomUUID } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";

/** What a file is called while it is written: its name tells which process of which machine does, so that others can judge it. */
export function partialName(file: string): string {
  return path.join(
    path.dirname(file),
    `.${path.basename(file)}.${machine()}-${process.pid}-${randomUUID()}${extension}`,
  );
}

/** Removes what killed processes left of this file: when their machine says that they are gone, or nobody wrote to it for a day. */
export async function removeLeftPartials(file: string, nowMs: number): Promise<void> {
  const directory = path.dirname(file);
  const start = `.${path.basename(file)}.`;
  const names = await readdir(directory).catch(() => []); // Writing the file itself says what is wrong there.
  for (const name of names) {
    const [, where, pid] = /^([0-9a-f]{8})-(\d+)-[0-9a-f-]{36}\.partial$/.exec(name.slice(start.length)) ?? [];
    if (!name.startsWith(start) || where === undefined) continue;
    const partial = path.join(directory, name);
    const isGone = where === machine() && !isRunning(Number(pid));
    if (isGone || (await isOld(partial, nowMs))) await rm(partial, { force: true }).catch(() => {}); // Somebody else's, then.
  }
}

const extension = ".partial";
const oldMs = 24 * 3600 * 1000;

function machine(): string {
  return createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
}

/** Signal 0 only asks (kill(2)); EPERM means that it is there and another user's. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

async function isOld(file: string, nowMs: number): Promise<boolean> {
  const mtimeMs = await stat(file).then(
    (found) => found.mtimeMs,
    () => nowMs, // Gone meanwhile.
  );
  return mtimeMs + oldMs < nowMs;
}
