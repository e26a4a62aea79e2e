import { open, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { promisify } from "node:util";

import { systemClock } from "@slipway/core";
import type { Bundle, Clock } from "@slipway/core";

import { PackagerError, systemCode } from "./error.ts";
import { partialName, removeLeftPartials } from "./partial.ts";

export interface ArchiveOptions {
  /** 0 none, 1 fastest (when absent) … 9 smallest. */
  readonly level?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a bundle as a `.tar.gz`: complete at `file`, or not at all, with nothing left beside it; what a killed
 * process left of that file is removed. The same bundle and level always give the same bytes. Rejects with PACKAGER_DISK_FULL, PACKAGER_CANNOT_WRITE, or what reading the bundle rejects with.
 */
export async function writeArchive(
  bundle: Pick<Bundle, "tar">,
  file: string,
  { level = 1, clock = systemClock, signal }: ArchiveOptions = {},
): Promise<{ readonly bytes: number }> {
  signal?.throwIfAborted();
  await removeLeftPartials(file, clock.now().getTime());
  const partial = partialName(file);
  const output = await open(partial, "wx").catch((error: unknown) => {
    throw cannotWrite(file, error);
  });
  try {
    const bytes = await writeMembers(bundle, output, { file, level, signal });
    await output.close();
    await rename(partial, file).catch((error: unknown) => {
      throw cannotWrite(file, error);
    });
    return { bytes };
  } catch (error) {
    await output.close();
    await rm(partial, { force: true });
    throw error;
  }
}

/** Compressed at the same time, at most: Node's thread pool has four threads. */
const membersInFlight = 4;

/** Gzip members one after the other are one gzip file (RFC 1952, 2.2), and each can be compressed on its own thread. */
async function writeMembers(
  bundle: Pick<Bundle, "tar">,
  output: FileHandle,
  { file, level, signal }: { readonly file: string; readonly level: number; readonly signal: AbortSignal | undefined },
): Promise<number> {
  const { gzip } = await import("node:zlib"); // Only archives need it, and it takes a while to load.
  const compress = promisify<Uint8Array, { level: number }, Buffer>(gzip);
  const inFlight: Promise<Buffer>[] = [];
  let bytes = 0;
  const writeNext = async () => {
    const member = await inFlight.shift();
    if (member === undefined) return;
    signal?.throwIfAborted();
    await output.writeFile(member).catch((error: unknown) => {
      throw cannotWrite(file, error);
    });
    bytes += member.length;
  };
  for await (const chunk of bundle.tar({ signal })) {
    const member = compress(chunk, { level }).then(withoutSystem);
    member.catch(() => {}); // Awaited when its turn comes, unless an earlier one failed.
    inFlight.push(member);
    if (inFlight.length >= membersInFlight) await writeNext();
  }
  while (inFlight.length > 0) await writeNext();
  return bytes;
}

/** The header's last byte says on which system it was made (RFC 1952, 2.3.1, "OS"): 255 for unknown is the same on all. */
function withoutSystem(member: Buffer): Buffer {
  member[9] = 255;
  return member;
}

function cannotWrite(file: string, cause: unknown): PackagerError {
  const code = systemCode(cause);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new PackagerError("PACKAGER_DISK_FULL", `No space is left for ${file} (${code})`, {
      hint: "Free some space, or write it somewhere else. Nothing was left behind.",
      cause,
    });
  }
  return new PackagerError("PACKAGER_CANNOT_WRITE", `Cannot write ${file} (${code ?? String(cause)})`, {
    hint: "Choose a directory that exists and is writable.",
    cause,
  });
}
