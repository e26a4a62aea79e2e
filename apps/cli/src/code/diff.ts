import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { isSlipwayError } from "@slipway/core";
import type { ExperimentRecord } from "@slipway/core";
import { findExperiment } from "@slipway/experiment";

import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { compareFiles, compareJobs } from "./compare.ts";
import type { CodeDifference, RunDifference } from "./compare.ts";
import { findRecordedCode } from "./find.ts";
import { writeCode } from "./restore.ts";

type Pair = readonly [ExperimentRecord, ExperimentRecord];

/** What the second run has otherwise than the first: files of the code, command, resources, names of variables. */
export async function diffRuns(words: readonly [string, string], context: Context): Promise<RunDifference> {
  const [before, after] = await findBoth(words, context);
  return {
    experiments: [before.id, after.id],
    code: await compareCode([before, after], context),
    jobs: compareJobs(before, after),
  };
}

async function findBoth([first, second]: readonly [string, string], context: Context): Promise<Pair> {
  const records = await readRecords(context);
  return [findExperiment(first, records).record, findExperiment(second, records).record];
}

async function compareCode([before, after]: Pair, context: Context): Promise<CodeDifference> {
  const facts = {
    digests: [before.code.digest, after.code.digest],
    commits: [before.code.commit ?? null, after.code.commit ?? null],
  } as const;
  if (before.code.digest === after.code.digest)
    return { ...facts, same: true, files: { added: [], removed: [], changed: [] } };
  try {
    await using old = await findRecordedCode(before, context);
    await using now = await findRecordedCode(after, context);
    return { ...facts, same: false, files: compareFiles(old.manifest, now.manifest) };
  } catch (error) {
    if (!isSlipwayError(error) || error.code !== "CLI_CODE_GONE") throw error;
    return { ...facts, same: false, gone: `${error.message}. ${error.hint ?? ""}`.trim() };
  }
}

/** The difference of the two codes as `git diff` writes it. Throws CLI_CODE_GONE. */
export async function patchBetween(words: readonly [string, string], context: Context): Promise<Uint8Array> {
  const pair = await findBoth(words, context);
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), "slipway-diff-")));
  try {
    for (const [name, record] of [
      ["a", pair[0]],
      ["b", pair[1]],
    ] as const) {
      await using code = await findRecordedCode(record, context);
      await mkdir(path.join(folder, name));
      await writeCode(code, path.join(folder, name), context);
    }
    return await gitDiff(folder, context);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Between `a` and `b` of a folder: git puts these names before its own prefixes, unless it has none. */
async function gitDiff(folder: string, { env, signal }: Context): Promise<Uint8Array> {
  const { openLocalTransport } = await import("@slipway/transport-local");
  await using transport = openLocalTransport({ env, cwd: folder });
  const argv = ["git", "diff", "--no-index", "--no-prefix", "--no-ext-diff", "--no-textconv", "--binary", "a", "b"];
  const { exitCode, stdout, stderr } = await transport.exec(argv, { signal });
  // Source: git-diff(1), --no-index implies --exit-code: 1 where they differ.
  if (exitCode === 0 || exitCode === 1) return stdout;
  throw new CliError("CLI_USAGE", `git cannot compare the two: ${stderr.trim()}`, { hint: "Is git installed?" });
}
