import path from "node:path";

import { makeFolder, stripControlCharacters } from "@slipway/core";
import type { ExperimentRecord, RecordedJob } from "@slipway/core";

import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { printJson } from "../json.ts";
import { tellProgress, withProgress } from "../report/progress.ts";
import { count, formatBytes } from "../report/text.ts";
import { fetchFiles } from "./fetch.ts";
import type { WantedFile } from "./fetch.ts";
import { listFiles, staysInside } from "./list.ts";
import type { Listing, Source } from "./list.ts";
import { openRecordTransport } from "./transport.ts";

export interface PullOptions {
  readonly path?: string | undefined;
  readonly to?: string | undefined;
  readonly json?: true | undefined;
}

/** Fetches what jobs have written to their run directories, with the jobs' records: one command lists all, one brings what is missing. */
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
  const sources = sourcesOf(record, jobs, { to, withRecords: wanted === "" });
  const fetched = await withProgress("fetching outputs", context, async () => {
    const listings = await listFiles(transport, { sources, path: wanted, signal: context.signal });
    const files: WantedFile[] = [];
    for (const [index, source] of sources.entries()) {
      const listing = listings[index];
      if (!listing) continue;
      const isOnly = sources.length === 1;
      if (isOnly && listing.outputs === "absent") throw notThere(wanted, source);
      if (isOnly && listing.outputs === "gone") context.stderr.write(`note: ${source.job} has no outputs\n`);
      files.push(...wantedFiles(listing, source, context));
    }
    try {
      for (const folder of new Set(files.map((file) => file.to))) makeFolder(folder);
      return await fetchFiles(transport, files, { signal: context.signal, onBytes: tellBytes(files, context) });
    } catch (error) {
      throw error instanceof Error && "syscall" in error ? cannotWrite(to, error) : error;
    }
  });
  const bytes = fetched.reduce((sum, file) => sum + file.fetchedBytes, 0);
  if (options.json) return printJson(context.stdout, { experiment: record.id, to, bytes, files: fetched });
  const there = fetched.filter((file) => file.fetchedBytes === 0 && file.bytes > 0).length;
  const known = there === 0 ? "" : `, ${there} of them were there`;
  context.stdout.write(`${count(fetched.length, "file")} in ${to}${known}; ${formatBytes(bytes)} fetched\n`);
}

interface JobSource extends Source {
  readonly job: string;
  /** The folder here. */
  readonly to: string;
  /** Of the records' names here: other jobs' may lie in the same folder. */
  readonly prefix: string;
}

/** Each run directory's outputs once: a chain has one. Several jobs' outputs lie in folders of their names. */
function sourcesOf(
  record: ExperimentRecord,
  jobs: readonly RecordedJob[],
  { to, withRecords }: { readonly to: string; readonly withRecords: boolean },
): readonly JobSource[] {
  const ownerOf = ({ name, runDirOf }: RecordedJob) => runDirOf ?? name;
  const owners = new Set(jobs.map(ownerOf));
  return record.jobs.flatMap((job) => {
    const { name, handle } = job;
    const outputs = owners.has(name);
    const records = withRecords && jobs.some((each) => each.name === name);
    if (!handle || !(outputs || records)) return [];
    const folder = owners.size === 1 ? to : path.join(to, ownerOf(job));
    const prefix = ownerOf(job) === name ? "" : `${name}.`;
    return [{ job: name, runDir: handle.runDir, outputs, records, to: folder, prefix }];
  });
}

/** What a job has written, sorted, and its records, where it has not written files of their names itself. */
function wantedFiles(listing: Listing, { job, to, prefix }: JobSource, { stderr }: Context): readonly WantedFile[] {
  const { files, records, refused } = listing;
  for (const name of refused)
    stderr.write(`warning: ${job}: not fetched, its name cannot be used here: ${stripControlCharacters(name)}\n`);
  const names = new Set(files.map((file) => file.path));
  const free = records.filter(({ path: name }) => !names.has(prefix + name));
  for (const { path: name } of records.filter((file) => !free.includes(file)))
    stderr.write(`note: ${job}: not fetched, the job has written a file of the same name: ${name}\n`);
  return [...files, ...free.map((file) => ({ ...file, path: prefix + file.path }))]
    .map((file) => ({ ...file, to }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

const tellEveryMs = 100;

function tellBytes(files: readonly WantedFile[], { stderr }: Context): (bytes: number) => void {
  const all = formatBytes(files.reduce((sum, { bytes }) => sum + bytes, 0));
  let came = 0;
  let told = 0;
  return (bytes) => {
    came += bytes;
    if (Date.now() - told < tellEveryMs) return;
    told = Date.now();
    tellProgress(stderr, `${formatBytes(came)} of ${all}`);
  };
}

function notThere(wanted: string, { runDir }: Source): CliError {
  return new CliError("CLI_NOT_THERE", `There is no ${JSON.stringify(wanted)} in ${runDir}/run`, {
    hint: "Leave the path out to fetch everything",
  });
}

/** What came before it stays, and is not fetched again. */
function cannotWrite(to: string, cause: Error): CliError {
  return new CliError("CLI_CANNOT_WRITE", `Cannot write to ${to}: ${cause.message}`, {
    cause,
    hint: "Say --to a folder that is writable and has space left; what was fetched there is not fetched again",
  });
}
