import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Bundle, ExperimentRecord, TarOptions } from "@slipway/core";
import { findExperiment } from "@slipway/experiment";
import { bundleOfTree } from "@slipway/packager";

import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { count, formatBytes } from "../report/text.ts";
import { findRecordedCode, sourceOf } from "./find.ts";
import type { ClusterReference, FoundCode } from "./find.ts";
import { writeCode } from "./restore.ts";

/** The code of an earlier run as a bundle, without packaging. Its bytes are read where they lie, and only when they must travel. */
export interface ReusedCode extends AsyncDisposable {
  readonly bundle: Bundle;
}

/** `onto`: where it will be used, and so is looked for first. Throws CLI_CODE_GONE with what would bring the code back. */
export async function reuseCode(words: string, context: Context, onto?: ClusterReference): Promise<ReusedCode> {
  const { record } = findExperiment(words, await readRecords(context));
  return reuseRecordedCode(record, context, onto);
}

export async function reuseRecordedCode(
  record: ExperimentRecord,
  context: Context,
  onto?: ClusterReference,
): Promise<ReusedCode> {
  const found = await findRecordedCode(record, context, onto);
  const { files, symlinks, bytes } = found.manifest;
  const what = `${count(files + symlinks, "file")}, ${formatBytes(bytes)} (${record.code.digest.slice(0, 12)})`;
  context.stderr.write(`using the code of ${record.id}: ${what}, from ${found.where}\n`);
  return {
    bundle: bundleOf(found, record, context),
    [Symbol.asyncDispose]: () => found[Symbol.asyncDispose](),
  };
}

function bundleOf(found: FoundCode, record: ExperimentRecord, context: Context): Bundle {
  const source = sourceOf(record);
  const { manifest } = found;
  const { env } = context;
  if (found.kind === "packed") return { ...found.bundle, source };
  const { digest, directory } = found.stored;
  if (found.isLocal) return bundleOfTree({ directory, manifest, source, env });
  return { digest, manifest, source, tar: (options = {}) => fetchedTar(found, options, context) };
}

/** From one cluster to another the code travels through a folder here. */
async function* fetchedTar(found: FoundCode, options: TarOptions, context: Context): AsyncGenerator<Uint8Array> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), "slipway-code-")));
  try {
    await writeCode(found, folder, context);
    const source = { rule: 1, root: folder, dirty: false } as const;
    yield* bundleOfTree({ directory: folder, manifest: found.manifest, source, env: context.env }).tar(options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
