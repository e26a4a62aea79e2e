import { jobOf } from "@slipway/core";
import type { ExperimentRecord, Manifest, ManifestEntry, RecordedJob } from "@slipway/core";

/** What two runs differ in; as `diff --json` gives it: its keys are API. */
export interface RunDifference {
  readonly experiments: readonly [string, string];
  readonly code: CodeDifference;
  readonly jobs: readonly JobDifference[];
}

export interface CodeDifference {
  readonly digests: readonly [string, string];
  /** Null without a commit. */
  readonly commits: readonly [string | null, string | null];
  readonly same: boolean;
  /** Paths as they lie in the bundle, sorted; absent where a code is gone. */
  readonly files?: NameDifferences;
  /** Why the files cannot be compared. */
  readonly gone?: string;
}

export interface JobDifference {
  /** Before and after; null where that experiment has no such job. */
  readonly names: readonly [string | null, string | null];
  /** What differs of what was asked for, before and after: `command`, `resources.gpusPerNode`, … */
  readonly differences: Readonly<Record<string, readonly [unknown, unknown]>>;
  /** Names of variables, never a value. */
  readonly env: NameDifferences;
  readonly secrets: NameDifferences;
}

export interface NameDifferences {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export function compareFiles(before: Manifest, after: Manifest): NameDifferences {
  const [old, now] = [entriesByPath(before), entriesByPath(after)];
  const names = (paths: readonly string[]) => paths.map((path) => Buffer.from(path, "latin1").toString("utf8"));
  return {
    added: names([...now.keys()].filter((path) => !old.has(path))),
    removed: names([...old.keys()].filter((path) => !now.has(path))),
    changed: names([...now].filter(([path, facts]) => old.has(path) && old.get(path) !== facts).map(([path]) => path)),
  };
}

/** One character a byte, so that no two paths are taken for one. */
function entriesByPath({ entries }: Manifest): ReadonlyMap<string, string> {
  return new Map(entries.map((entry) => [Buffer.from(entry.path).toString("latin1"), factsOf(entry)]));
}

function factsOf(entry: ManifestEntry): string {
  if (entry.kind === "symlink") return `symlink ${Buffer.from(entry.target).toString("latin1")}`;
  return `file ${entry.mode} ${entry.sha256}`;
}

/** Jobs of the same name; of two experiments with one job each, these two. */
export function compareJobs(before: ExperimentRecord, after: ExperimentRecord): readonly JobDifference[] {
  const [only, other] = [before.jobs, after.jobs];
  if (only.length === 1 && other.length === 1) return differing([compareJob(only[0], other[0])]);
  const gone = only.map((job) =>
    compareJob(
      job,
      other.find(({ name }) => name === job.name),
    ),
  );
  const added = other
    .filter(({ name }) => only.every((job) => job.name !== name))
    .map((job) => compareJob(undefined, job));
  return differing([...gone, ...added]);
}

function differing(jobs: readonly JobDifference[]): readonly JobDifference[] {
  return jobs.filter(
    ({ names: [before, after], differences, env, secrets }) =>
      before !== after || [differences, ...Object.values(env), ...Object.values(secrets)].some(hasKeys),
  );
}

function hasKeys(value: object): boolean {
  return Object.keys(value).length > 0;
}

function compareJob(before: RecordedJob | undefined, after: RecordedJob | undefined): JobDifference {
  const [old, now] = [before ? describeJob(before) : {}, after ? describeJob(after) : {}];
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].toSorted();
  const differences = keys
    .filter((key) => before && after && JSON.stringify(old[key]) !== JSON.stringify(now[key]))
    .map((key) => [key, [old[key] ?? null, now[key] ?? null]] as const);
  const asFields = (names: readonly string[] = []) => Object.fromEntries(names.map((name) => [name, ""]));
  return {
    names: [before?.name ?? null, after?.name ?? null],
    differences: Object.fromEntries(differences),
    env: compareNames(before?.env ?? {}, after?.env ?? {}),
    secrets: compareNames(asFields(before?.secrets), asFields(after?.secrets)),
  };
}

type Values = Readonly<Record<string, string>>;

function compareNames(before: Values, after: Values): NameDifferences {
  const [old, now] = [Object.keys(before).toSorted(), Object.keys(after).toSorted()];
  return {
    added: now.filter((name) => !(name in before)),
    removed: old.filter((name) => !(name in after)),
    changed: old.filter((name) => name in after && before[name] !== after[name]),
  };
}

/** What was asked for, but variables; of a group's members only their names. */
function describeJob(job: RecordedJob): Readonly<Record<string, unknown>> {
  const { name: _name, env: _env, resources, group, ...rest } = jobOf(job);
  const members = group?.map((member) => ({ ...member, env: Object.keys(member.env).toSorted() }));
  const ofResources = Object.entries(resources).map(([key, value]) => [`resources.${key}`, value] as const);
  return { ...rest, ...(members && { group: members }), ...Object.fromEntries(ofResources) };
}
