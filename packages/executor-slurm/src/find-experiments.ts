import { isJobName, quoteShell, stripControlCharacters } from "@slipway/core";
import type { ExperimentRecord, FoundExperiment, JobHandle, RecordedJob, Transport } from "@slipway/core";
import { parseSlurmCommit } from "@slipway/sbatch";
import type { SlurmCommit } from "@slipway/sbatch";

import { experimentDirectory, recordFile } from "./experiment-record.ts";
import { runScript } from "./remote.ts";

export interface FindContext {
  readonly transport: Transport;
  readonly jobDir: string;
  /** Told of a record that cannot be read. */
  readonly onUnreadable: (path: string, why: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** All experiments of the job_dir, by id, and which job of Slurm counts for each of their jobs; one command there. */
export async function findExperiments(context: FindContext): Promise<readonly FoundExperiment[]> {
  const { transport, jobDir, onUnreadable, signal } = context;
  signal?.throwIfAborted();
  const { sections } = await runScript(transport, renderFindScript(jobDir), { signal });
  const files = new Map(sections.filter(({ word }) => word === "FILE").map(({ rest, body }) => [rest, body]));
  const commits = commitsByDirectory(files);
  const found: FoundExperiment[] = [];
  for (const [path, text] of files) {
    const [, directory = ""] = /^runs\/([^/]+)\/experiment\.json$/.exec(path) ?? [];
    if (directory === "") continue;
    const record = parseRecord(text, directory);
    if (typeof record === "string") onUnreadable(`${jobDir}/${path}`, record);
    else found.push(findJobs(record, { jobDir, commits }));
  }
  return found.toSorted((a, b) => (a.record.id < b.record.id ? -1 : 1));
}

/** awk prints each file after its name. Some shells take a pattern without a match for a name. */
function renderFindScript(jobDir: string): string {
  return `print_files() { [ $# -eq 0 ] || awk -v tag="$tag" 'FNR == 1 { printf "\\n%s FILE %s\\n", tag, FILENAME } { print }' "$@"; }
set --
if cd ${quoteShell(jobDir)} 2>/dev/null; then
  for file in runs/*/${recordFile} runs/*/*/commit runs/*/*/try-*.commit; do
    [ -f "$file" ] && [ ! -L "$file" ] || continue
    set -- "$@" "$file"
    if [ $# -ge 500 ]; then print_files "$@"; set --; fi
  done
fi
print_files "$@"
`;
}

interface FoundCommits {
  readonly jobDir: string;
  /** By run directory, below the job_dir. */
  readonly commits: ReadonlyMap<string, readonly SlurmCommit[]>;
}

function commitsByDirectory(files: ReadonlyMap<string, string>): FoundCommits["commits"] {
  const commits = new Map<string, SlurmCommit[]>();
  for (const [path, text] of files) {
    const commit = path.endsWith("commit") ? parseSlurmCommit(text) : undefined;
    if (!commit) continue;
    const directory = path.slice(0, path.lastIndexOf("/"));
    const known = commits.get(directory);
    if (known) known.push(commit);
    else commits.set(directory, [commit]);
  }
  return commits;
}

/** The commit records tell more than the record, which was written before the jobs had ids. */
function findJobs(record: ExperimentRecord, { jobDir, commits }: FoundCommits): FoundExperiment {
  const directory = experimentDirectory(record.id);
  const handles: JobHandle[] = [];
  const jobs = record.jobs.map((job): RecordedJob => {
    const runDir = `${directory}/${job.name}`;
    const beginning = `${record.id}.${job.name}.`;
    const own = (commits.get(runDir) ?? [])
      .filter(({ token }) => tryOf(token, beginning) > 0)
      .toSorted((a, b) => tryOf(a.token, beginning) - tryOf(b.token, beginning));
    const tries = own.map(({ token, cluster, job: id }) => ({
      token,
      handle: { id: `${cluster}.${id}`, experiment: record.id, job: job.name, runDir: `${jobDir}/${runDir}` },
    }));
    const last = tries.at(-1);
    if (!last) return job;
    handles.push(last.handle);
    const earlierTries = tries.slice(0, -1);
    return { ...job, ...last, ...(earlierTries.length > 0 && { earlierTries }) };
  });
  const isSubmitted = handles.length === jobs.length;
  return { record: { ...record, phase: isSubmitted ? "submitted" : record.phase, jobs }, handles };
}

function tryOf(token: string, beginning: string): number {
  return token.startsWith(beginning) ? Number(/^[1-9]\d{0,5}$/.exec(token.slice(beginning.length))?.[0] ?? 0) : 0;
}

/** Why it cannot be used, in words, or the record: untrusted text, of which what everybody reads is checked. */
function parseRecord(text: string, directory: string): ExperimentRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return stripControlCharacters(`it is not JSON: ${error.message}`);
    throw error;
  }
  if (!isRecord(value)) return "it is not a record of an experiment";
  if (value.id !== directory) return `it is about ${JSON.stringify(value.id)}`;
  return value;
}

function isRecord(value: unknown): value is ExperimentRecord {
  if (!isObject(value) || !isObject(value["code"]) || !Array.isArray(value["jobs"])) return false;
  const { version, id, name, cluster, createdAt, phase, cwd, slipwayVersion, code, jobs } = value;
  const texts = [id, name, cluster, createdAt, cwd, slipwayVersion, code["digest"], code["directory"]];
  return (
    version === 1 &&
    texts.every((text) => typeof text === "string") &&
    isJobName(String(id)) &&
    !Number.isNaN(Date.parse(String(createdAt))) &&
    (phase === "planned" || phase === "submitted") &&
    jobs.every(isRecordedJob)
  );
}

function isRecordedJob(job: unknown): job is RecordedJob {
  if (!isObject(job) || typeof job["name"] !== "string" || !isJobName(job["name"])) return false;
  const { command, resources, env, needs, secrets, token } = job;
  return (
    isObject(command) &&
    isObject(resources) &&
    isObject(env) &&
    Array.isArray(needs) &&
    Array.isArray(secrets) &&
    typeof token === "string"
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
