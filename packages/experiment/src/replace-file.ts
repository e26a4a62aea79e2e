import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { isErrno } from "./errno.ts";

/** The new text, made of the one that is there; undefined without a file. May be asked again when somebody else was faster. */
export type Replacement = (text: string | undefined) => string;

/**
 * Replaces a file's text, so that it is there whole before and after a crash, and that of several processes none loses another's change.
 * Gives the text that was written. Its folder must be there.
 *
 * A turn is a folder `.<file>.turn` with one file in it, the owner's, of a name that is never used again. It comes there by the rename of a
 * folder, which fails while there is another with something in it (rename(2), ENOTEMPTY), and it leaves by becoming the file: whoever lost
 * its turn cannot write any more. So anybody may end anybody's turn at any moment; it is done for those that are dead or too slow.
 */
export async function replaceFile(file: string, replacement: Replacement, signal?: AbortSignal): Promise<string> {
  for (;;) {
    const own = await takeTurn(file, signal);
    try {
      const text = replacement(await readIfThere(file));
      if (await publish(own, file, text)) return text;
    } finally {
      await endTurn(own);
    }
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** False when the turn was ended by somebody else: then nothing was changed. */
async function publish(own: string, file: string, text: string): Promise<boolean> {
  try {
    const handle = await open(own, "r+"); // Never made anew.
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(own, file);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
  await syncFolder(path.dirname(file));
  return true;
}

const patienceMs = 5_000;

/** With a dot in front: no job's directory has such a name. */
function turnOf(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.turn`);
}

/** The owner's file, once it is this process's turn. */
async function takeTurn(file: string, signal: AbortSignal | undefined): Promise<string> {
  const turn = turnOf(file);
  const name = `${process.pid}.${hostname()}.${randomUUID()}`;
  const waiting = `${turn}.${name}`;
  await mkdir(waiting);
  try {
    await writeFile(path.join(waiting, name), "", { mode: 0o644 });
    let watched: string | undefined;
    let since = 0;
    for (;;) {
      signal?.throwIfAborted();
      if (await moveTo(waiting, turn)) return path.join(turn, name);
      const owner = await ownerOf(turn);
      if (owner !== watched) [watched, since] = [owner, performance.now()];
      if (owner !== undefined && (isDead(owner) || performance.now() - since > patienceMs))
        await rm(path.join(turn, owner), { force: true });
      await sleep(1 + Math.random() * 4, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  } catch (error) {
    await rm(waiting, { recursive: true, force: true });
    throw error;
  }
}

async function moveTo(waiting: string, turn: string): Promise<boolean> {
  try {
    await rename(waiting, turn);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOTEMPTY", "EEXIST")) return false;
    throw error;
  }
}

async function ownerOf(turn: string): Promise<string | undefined> {
  try {
    return (await readdir(turn))[0];
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Of this machine, and gone for certain; of another machine nobody can tell. */
function isDead(name: string): boolean {
  const [pid] = name.split(".", 1);
  if (!name.startsWith(`${pid}.${hostname()}.`)) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return isErrno(error, "ESRCH");
  }
}

async function endTurn(own: string): Promise<void> {
  await rm(own, { force: true });
  try {
    await rmdir(path.dirname(own)); // It may be another's by now: then it is not empty.
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTEMPTY", "EEXIST")) throw error;
  }
}

/** What was renamed in a folder outlives a power failure when the folder is synced, where the system can (fsync(2)). */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, "r");
    await handle.sync();
  } catch (error) {
    if (!isErrno(error, "EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP")) throw error;
  }
}

/** Removes what dead processes left beside a file while they waited for their turn. */
export async function sweepTurns(file: string): Promise<void> {
  const beginning = `${path.basename(turnOf(file))}.`;
  const folder = path.dirname(file);
  for (const name of await readdir(folder)) {
    if (name.startsWith(beginning) && isDead(name.slice(beginning.length)))
      await rm(path.join(folder, name), { recursive: true, force: true });
  }
}
