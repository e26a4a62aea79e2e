import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";

import { isErrno } from "./errno.ts";
import { readFirstAttempt } from "./first-attempt.ts";
import { isEvidenceName, partsFile } from "./parts.ts";

/** Evidence of elements that was read: it is written once, and complete when it is visible. A directory of the same name may be another one. */
export type EvidenceCache = Map<string, { readonly directory: string; readonly texts: Map<string, string> }>;

/** What a run directory holds of its last try. */
export interface RunDirectoryTexts {
  /** The number of its first attempt. */
  readonly firstAttempt: number;
  /** The evidence and the list of parts, by name. */
  readonly texts: Readonly<Record<string, string>>;
}

/** Undefined when it is gone. */
export async function readRunDirectory(runDir: string, cache: EvidenceCache): Promise<RunDirectoryTexts | undefined> {
  let names: readonly string[];
  let known: Map<string, string>;
  const firstAttempt = await readFirstAttempt(runDir);
  try {
    known = await knownTexts(runDir, firstAttempt, cache);
    names = await readdir(runDir);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
  const texts: Record<string, string> = {};
  const unknown: string[] = [];
  for (const name of names) {
    if (name !== partsFile && (!isEvidenceName(name) || attemptOf(name) < firstAttempt)) continue;
    const text = known.get(name);
    if (text === undefined) unknown.push(name);
    else texts[name] = text;
  }
  for (let index = 0; index < unknown.length; index += readAtOnce) {
    await Promise.all(
      unknown.slice(index, index + readAtOnce).map(async (name) => {
        const text = await readRecord(path.join(runDir, name));
        if (text === undefined) return;
        texts[name] = text;
        if (isKept(name, text)) known.set(name, text);
      }),
    );
  }
  return { firstAttempt, texts };
}

/** Infinity for what is no attempt's. */
function attemptOf(name: string): number {
  return Number(/(?:^|\.)attempt-([1-9]\d{0,8})\./.exec(name)?.[1] ?? Infinity);
}

/** Only arrays have so many that it matters. */
function isKept(name: string, text: string): boolean {
  return name.startsWith("array-") && text.endsWith("\nend=1\n");
}

async function knownTexts(runDir: string, firstAttempt: number, cache: EvidenceCache): Promise<Map<string, string>> {
  const { dev, ino, birthtimeMs } = await stat(runDir);
  const directory = `${dev} ${ino} ${birthtimeMs} ${firstAttempt}`;
  const known = cache.get(runDir);
  if (known?.directory === directory) return known.texts;
  const texts = new Map<string, string>();
  cache.set(runDir, { directory, texts });
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
