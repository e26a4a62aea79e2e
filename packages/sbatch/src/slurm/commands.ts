import { assertPassable } from "../environment.ts";
import { SbatchError } from "../error.ts";
import { slurmOptions } from "./options.ts";
import { jobNamePrefix } from "./request.ts";
import type { SlurmSettings } from "./request.ts";
import { sacctFields } from "./sacct.ts";
import { sinfoFormat } from "./sinfo.ts";
import { squeueFormat } from "./squeue.ts";
import { sbatchScriptName } from "./wrapper.ts";

/** `afterok` and the like, on a job of the same cluster. */
export interface SlurmDependency {
  readonly type: "afterok" | "afternotok" | "afterany" | "after" | "aftercorr";
  readonly id: string;
}

export interface SubmitOptions {
  readonly token: string;
  readonly settings?: Pick<SlurmSettings, "jobNamePrefix"> | undefined;
  /** All of them must be met. Slurm takes an id that it has forgotten for met: name only jobs that it still knows. */
  readonly dependencies?: readonly SlurmDependency[] | undefined;
}

/**
 * Submits `job.sbatch` of the working directory, held, with the token as its comment and in its name. Variables of the submitter that would
 * change the request are put aside. Its output is for `parseSubmittedJob`; allow it 150 s: sbatch itself tries again for two minutes.
 */
export function sbatchCommand({ token, settings = {}, dependencies = [] }: SubmitOptions): readonly string[] {
  const list = dependencies.map(({ type, id }) => `${type}:${checkedId(id)}`).join(",");
  return [
    "env",
    ...submitVariables.flatMap((name) => ["-u", name]),
    "sbatch",
    "--parsable",
    "--hold",
    `--comment=${checkedToken(token)}`,
    `--job-name=${jobNameOf(token, settings)}`,
    ...(list === "" ? [] : [`--dependency=${list}`, "--kill-on-invalid-dep=yes"]),
    sbatchScriptName,
  ];
}

/** The name that a submission has, by which it is found: at most 255 bytes, which is what accounting keeps. */
export function jobNameOf(token: string, settings: Pick<SlurmSettings, "jobNamePrefix"> = {}): string {
  return `${jobNamePrefix(settings)}${checkedToken(token)}`;
}

/** Everything of the user's that slurmctld knows, in one query that costs it little. For `parseSqueue`. */
export function squeueCommand(): readonly string[] {
  return [...reading, "squeue", "--all", "--me", "--noheader", "--states=all", `--format=${squeueFormat}`];
}

/** Jobs of a token, whose submission was not answered. For `parseSqueue`. */
export function squeueByNameCommand(name: string): readonly string[] {
  return [...squeueCommand(), `--name=${checkedName(name)}`];
}

/** What accounting knows of jobs, every start of each. For `parseSacct`. */
export function sacctCommand(ids: readonly string[]): readonly string[] {
  return [...accounting, `--jobs=${ids.map(checkedId).join(",")}`];
}

/** Jobs of a token that slurmctld may have forgotten, of the last days. For `parseSacct`. */
export function sacctByNameCommand(
  name: string,
  { days = 30 }: { readonly days?: number | undefined } = {},
): readonly string[] {
  return [...accounting, `--name=${checkedName(name)}`, `--starttime=now-${Math.ceil(days)}days`];
}

/** For `parseSinfo`. */
export function sinfoCommand(): readonly string[] {
  return [...reading, "sinfo", "--noheader", `--format=${sinfoFormat}`];
}

/** Each for its parser; `release` lets a held job go. */
export const scontrolCommands = {
  showJob: (id: string) => [...reading, "scontrol", "--oneliner", "show", "job", checkedId(id)],
  ping: () => [...reading, "scontrol", "ping"],
  showConfig: () => [...reading, "scontrol", "show", "config"],
  release: (ids: readonly string[]) => ["scontrol", "release", ids.map(checkedId).join(",")],
  requeue: (id: string) => ["scontrol", "requeue", checkedId(id)],
} as const satisfies Readonly<Record<string, (ids: never) => readonly string[]>>;

/**
 * Ends jobs, or sends them a signal: to the script, whose wrapper passes it on, and to all steps. Ending one that is over succeeds silently.
 */
export function scancelCommand(
  ids: readonly string[],
  { signalName }: { readonly signalName?: string | undefined } = {},
): readonly string[] {
  if (ids.length === 0) throw new SbatchError("SBATCH_INVALID_VALUE", "No job to cancel is named");
  if (signalName !== undefined && !/^[A-Z][A-Z0-9]{1,9}$/.test(signalName)) {
    throw new SbatchError("SBATCH_INVALID_VALUE", `${JSON.stringify(signalName)} is not the name of a signal`, {
      hint: "Use TERM, USR1, INT, …",
    });
  }
  const signal = signalName === undefined ? [] : ["--batch", `--signal=${signalName}`];
  return ["scancel", ...signal, ...ids.map(checkedId)];
}

/**
 * Variables that set options of sbatch, and the cluster that its tools ask; SLURM_CONF stays.
 * Source: sbatch(1), INPUT ENVIRONMENT VARIABLES.
 */
const submitVariables = [
  ...new Set([...slurmOptions.values()].flatMap(({ variables = [] }) => variables)).add("SLURM_EXIT_ERROR"),
].toSorted();

/** Times as seconds since 1970, lists of indices whole, one language, and no columns of the user's. Source: squeue(1), sacct(1). */
const reading = [
  "env",
  ...[
    ...["FORMAT", "FORMAT2", "STATES", "NAMES", "PARTITION", "USERS", "ACCOUNT", "QOS", "LICENSES", "ARRAY"].map(
      (name) => `SQUEUE_${name}`,
    ),
    "SACCT_FORMAT",
    "SACCT_FEDERATION",
    "SACCT_LOCAL",
    "SINFO_FORMAT",
    "SINFO_PARTITION",
    "SINFO_ALL",
    "SLURM_CLUSTERS",
  ].flatMap((name) => ["-u", name]),
  "LC_ALL=C",
  "TZ=UTC0",
  "SLURM_TIME_FORMAT=%s",
  "SLURM_BITSTR_LEN=0",
];

const accounting = [
  ...reading,
  "sacct",
  "--allocations",
  "--parsable2",
  "--noheader",
  "--duplicates",
  `--format=${sacctFields}`,
];

/** An id of a job, an array's member or a component. */
function checkedId(id: string): string {
  if (/^[1-9]\d{0,9}(?:_\d{1,7}|\+\d{1,4})?$/.test(id)) return id;
  throw new SbatchError("SBATCH_INVALID_VALUE", `${JSON.stringify(id)} is not the id of a job of Slurm`);
}

function checkedToken(token: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,190}$/.test(token)) return token;
  throw new SbatchError("SBATCH_INVALID_VALUE", `${JSON.stringify(token)} is not a token`, {
    hint: "It is made of the experiment's and the job's name and the number of the try: at most 191 letters, digits and _ . -",
  });
}

function checkedName(name: string): string {
  assertPassable(name, "The name of a job");
  if (name !== "" && !/[,\r\n]/.test(name)) return name;
  throw new SbatchError("SBATCH_INVALID_VALUE", `A job named ${JSON.stringify(name)} cannot be looked for`);
}
