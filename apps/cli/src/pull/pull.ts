import { mkdir } from "node:fs/promises";
import path from "node:path";

import { stripControlCharacters } from "@slipway/core";
import type { ExperimentRecord, RecordedJob, Transport } from "@slipway/core";

import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { printJson } from "../json.ts";
import { withProgress } from "../report/progress.ts";
import { count, formatBytes } from "../report/text.ts";
import { fetchFile } from "./fetch.ts";
import type { FetchedFile } from "./fetch.ts";
import { listFiles, staysInside } from "./list.ts";
import { openRecordTransport } from "./transport.ts";

export interface PullOptions {
  readonly path?: string | undefined;
  readonly to?: string | undefined;
  readonly json?: true | undefined;
}

const fetchedAtOnce = 4;

/** Fetches what jobs have written to their run directories. */
export async function pullOutputs(words: string, options: PullOptions, context: Context): Promise<void> {
  const { findExperiment } = await import("@slipway/experiment");
  const wanted = (options.path ?? "").replace(/^\.?\/+|\/+$/g, "");
  if (wanted !== "" && !staysInside(wanted)) {
    throw new CliError("CLI_USAGE", `${JSON.stringify(options.path)} is no path below a run directory`, {
      hint: "Say it as it is below SLIPWAY_RUN_DIR: ckpt/last.pt",
    });
  }
  const { record, jobs } = findExperiment(words, await readRecords(context));
  const to = path.resolve(context.cwd, options.to ?? record.id);
  await using transport = await openRecordTransport(record, context);
  const fetched: FetchedFile[] = [];
  const sources = sourcesOf(record, jobs, to);
  await withProgress("fetching outputs", context, async () => {
    for (const source of sources)
      fetched.push(...(await pullJob(source, { wanted, isOnly: sources.length === 1 }, transport, context)));
  });
  const bytes = fetched.reduce((sum, file) => sum + file.fetchedBytes, 0);
  if (options.json) return printJson(context.stdout, { experiment: record.id, to, bytes, files: fetched });
  const there = fetched.filter((file) => file.fetchedBytes === 0 && file.bytes > 0).length;
  const known = there === 0 ? "" : `, ${there} of them were there`;
  context.stdout.write(`${count(fetched.length, "file")} in ${to}${known}; ${formatBytes(bytes)} fetched\n`);
}

interface Source {
  readonly job: string;
  readonly directory: string;
  readonly to: string;
}

/** Each run directory once: a chain has one. Several jobs' outputs lie in folders of their names. */
function sourcesOf(record: ExperimentRecord, jobs: readonly RecordedJob[], to: string): readonly Source[] {
  const owners = new Set(jobs.map(({ name, runDirOf }) => runDirOf ?? name));
  return record.jobs
    .filter(({ name }) => owners.has(name))
    .flatMap(({ name, handle }) => {
      if (!handle) return [];
      return [{ job: name, directory: `${handle.runDir}/run`, to: owners.size === 1 ? to : path.join(to, name) }];
    });
}

interface Choice {
  readonly wanted: string;
  /** Whether it is an error that the path is not there. */
  readonly isOnly: boolean;
}

async function pullJob(
  { job, directory, to }: Source,
  { wanted, isOnly }: Choice,
  transport: Transport,
  context: Context,
): Promise<readonly FetchedFile[]> {
  const { signal, stderr } = context;
  const listing = await listFiles(transport, { directory, path: wanted, signal }).catch((error: unknown) => {
    if (!isOnly && error instanceof CliError && error.code === "CLI_NOT_THERE") return undefined;
    throw error;
  });
  if (!listing) {
    if (isOnly) stderr.write(`note: ${job} has no outputs\n`);
    return [];
  }
  for (const name of listing.refused)
    stderr.write(`warning: ${job}: not fetched, its name cannot be used here: ${stripControlCharacters(name)}\n`);
  await mkdir(to, { recursive: true });
  const waiting = listing.files.values();
  const fetched: FetchedFile[] = [];
  const lane = async () => {
    for (const file of waiting) fetched.push(await fetchFile(transport, file, { directory, to, signal }));
  };
  await Promise.all(Array.from({ length: fetchedAtOnce }, lane));
  return fetched.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
