import { chmod, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";

import type { Bundle } from "@slipway/core";
import { findExperiment } from "@slipway/experiment";

import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { withProgress } from "../report/progress.ts";
import { findRecordedCode } from "./find.ts";
import type { FoundCode } from "./find.ts";
import { readStoredFiles } from "./read.ts";
import { openTreeWriter } from "./write.ts";

/** As `restore --json` gives it; its keys are API. */
export interface Restored {
  readonly experiment: string;
  readonly digest: string;
  readonly directory: string;
  readonly files: number;
  readonly bytes: number;
  /** Where it was found, in words. */
  readonly from: string;
}

/** Writes the exact code of a run into a directory that is absent or empty: all of it, checked, or nothing. */
export async function restoreCode(words: string, wanted: string, context: Context): Promise<Restored> {
  const { record } = findExperiment(words, await readRecords(context));
  const directory = path.resolve(context.cwd, wanted);
  await assertFree(directory, context);
  await using code = await findRecordedCode(record, context);
  const { manifest, where } = code;
  await withProgress(`restoring the code of ${record.id}`, context, () => placeCode(code, directory, context));
  const files = manifest.files + manifest.symlinks;
  const { digest } = record.code;
  return { experiment: record.id, digest, directory, files, bytes: manifest.bytes, from: where };
}

async function assertFree(directory: string, { cwd }: Context): Promise<void> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw cannotWrite(directory, error);
  });
  if (names.length === 0 && directory !== cwd) return;
  const why = names.length > 0 ? "is not empty" : "is where this command runs";
  throw new CliError("CLI_USAGE", `${directory} ${why}`, { hint: "Name a directory that is not there yet" });
}

async function placeCode(code: FoundCode, directory: string, context: Context): Promise<void> {
  let unfinished: string | undefined;
  try {
    unfinished = await mkdtemp(path.join(path.dirname(directory), ".slipway-restore-"));
    await writeCode(code, unfinished, context);
    await chmod(unfinished, 0o755);
    await rename(unfinished, directory);
  } catch (error) {
    if (unfinished !== undefined) await rm(unfinished, { recursive: true, force: true });
    throw error instanceof Error && "syscall" in error ? cannotWrite(directory, error) : error;
  }
}

/** Into an empty directory of this process's own; each file is checked against the manifest. */
export async function writeCode(code: FoundCode, directory: string, context: Context): Promise<void> {
  if (code.kind === "packed") return unpackBundle(code.bundle, directory, context);
  const writer = await openTreeWriter(directory, code.manifest);
  try {
    await readStoredFiles(code.stored, { onBytes: (bytes) => writer.write(bytes), signal: context.signal });
    await writer.finish();
  } finally {
    writer.close();
  }
}

/** The packager made this tar a moment ago: it has the names of the manifest and nothing else. */
async function unpackBundle(bundle: Bundle, directory: string, { env, signal }: Context): Promise<void> {
  const { openLocalTransport } = await import("@slipway/transport-local");
  await using transport = openLocalTransport({ env });
  const { exitCode, stderr } = await transport.exec(["tar", "-xf", "-", "-C", directory], {
    stdin: bundle.tar({ signal }),
    signal,
  });
  if (exitCode !== 0) throw new CliError("CLI_CANNOT_WRITE", `${directory} cannot be written: ${stderr.trim()}`);
}

function cannotWrite(directory: string, cause: Error): CliError {
  return new CliError("CLI_CANNOT_WRITE", `${directory} cannot be written: ${cause.message}`, {
    cause,
    hint: "Name a directory in a folder that is there, writable, and has space left",
  });
}
