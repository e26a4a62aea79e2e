import { printable } from "./text.ts";

/** What a failed command of Slurm means, and what to do about it. */
export interface SlurmAdvice {
  /**
   * `unreachable`: the controller or its authentication did not answer; a submission may have been taken all the same: look for its token.
   * `busy`: try again later. `limit`: too many jobs for now. `request`: the request must change. `unknown_job`: Slurm does not know the id.
   */
  readonly kind: "unreachable" | "busy" | "limit" | "request" | "unknown_job" | "other";
  /** Slurm's own words, from its last line, printable. */
  readonly said: string;
  readonly hint?: string;
}

/** Reads what sbatch, squeue, scontrol, scancel or sacct say on standard error when they fail. Any text is some advice. */
export function adviseSubmitError(stderr: string): SlurmAdvice {
  const lines = stderr
    .split("\n")
    .map((line) => printable(line).trim())
    .filter((line) => line !== "");
  const last = lines.findLast((line) => /error|fatal|failed|invalid|denied/i.test(line)) ?? lines.at(-1) ?? "";
  const said = last.replace(/^(?:sbatch|squeue|scontrol|scancel|sacct|sinfo): (?:error|fatal): /, "");
  const whole = lines.join("\n").toLowerCase();
  const found = advices.find(({ words }) => words.some((word) => whole.includes(word.toLowerCase())));
  return { kind: found?.kind ?? "other", said, ...(found?.hint !== undefined && { hint: found.hint }) };
}

interface Advice {
  readonly words: readonly string[];
  readonly kind: SlurmAdvice["kind"];
  readonly hint?: string;
}

/** The first that matches counts. The words are Slurm's own (slurm_errno.c), and the limits' names that it prints before them. */
const advices: readonly Advice[] = [
  {
    kind: "unreachable",
    words: ["Munge encode failed", "Protocol authentication error", "Munge decode failed"],
    hint: "munge, with which Slurm knows its users, does not work there: tell the people who run the cluster",
  },
  {
    kind: "unreachable",
    words: [
      "Unable to contact slurm controller",
      "Socket timed out on send/recv",
      "Slurm backup controller in standby mode",
      "Connection timed out",
    ],
    hint: "Slurm's controller does not answer; nothing is sent twice when you run the same again",
  },
  {
    kind: "unreachable",
    words: ["Problem talking to the database", "Slurm accounting storage is disabled", "Unable to connect to database"],
    hint: "Accounting does not answer or is not there; states come from squeue and the jobs' own files",
  },
  {
    kind: "busy",
    words: [
      "Rate limit exceeded",
      "Unable to create job record, try again",
      "MaxJobCount limit reached",
      "Slurm job queue full",
      "Required ports are in use",
      "Resource temporarily unavailable",
      "Job can not be altered now",
    ],
    hint: "Try again in a few minutes",
  },
  {
    kind: "limit",
    words: [
      "SubmitJobLimit",
      "SubmitJobPerUserLimit",
      "SubmitJobsLimit",
      "SubmitJobPerAccount",
      "SubmitJobsPerAccount",
      "MaxSubmitJob",
    ],
    hint: "You have as many jobs submitted as the cluster allows: wait until some have ended, or submit an array",
  },
  {
    kind: "request",
    words: [
      "MaxWallDurationPerJobLimit",
      "GrpWallLimit",
      "Requested time limit is invalid",
      "Invalid time-min",
      "Time limit specification required",
    ],
    hint: "Ask for a time limit that the partition and the QOS allow (slipway nodes shows it)",
  },
  {
    kind: "request",
    words: [
      "MaxCpuPerJobLimit",
      "MaxNodePerJobLimit",
      "MaxGRESPerJob",
      "MaxMemPerJob",
      "MaxMemoryPerJob",
      "MaxTRESPerJob",
    ],
    hint: "Ask for less: one job may not have as much with this account or QOS",
  },
  {
    kind: "limit",
    words: ["Job violates accounting/QOS policy", "breached requested QOS usage threshold"],
    hint: "A limit of the account or the QOS forbids it: check account, qos, size and time limit, or wait until other jobs have ended",
  },
  {
    kind: "request",
    words: ["Invalid partition name specified", "No partition specified", "Requested nodes not in this partition"],
    hint: "Name a partition that the cluster has: slipway nodes lists them",
  },
  {
    kind: "request",
    words: ["group not permitted to use this partition", "User's group not permitted"],
    hint: "You may not use this partition: choose another, or ask for access",
  },
  {
    kind: "request",
    words: ["Invalid account or account/partition combination", "Invalid account"],
    hint: "Name an account that you may use in this partition: sacctmgr show associations user=$USER lists them",
  },
  {
    kind: "request",
    words: ["Invalid qos"],
    hint: "Name a QOS that your account may use: sacctmgr show associations user=$USER format=account,qos lists them",
  },
  {
    kind: "request",
    words: ["Invalid job array specification"],
    hint: "The array has too many or wrong indices: they stay below the cluster's MaxArraySize",
  },
  {
    kind: "request",
    words: ["Job dependency problem", "Circular job dependency"],
    hint: "A job that this one needs is not known to Slurm any more",
  },
  {
    kind: "request",
    words: ["Memory required by task is not available", "Memory specification can not be satisfied"],
    hint: "No node has as much memory: ask for less",
  },
  {
    kind: "request",
    words: [
      "More processors requested than permitted",
      "CPU count per node can not be satisfied",
      "CPU count specification invalid",
    ],
    hint: "Ask for fewer CPUs or tasks a node",
  },
  {
    kind: "request",
    words: ["Node count specification invalid"],
    hint: "Ask for as many nodes as the partition allows",
  },
  {
    kind: "request",
    words: ["Invalid generic resource", "Invalid GRES", "Invalid Trackable RESource"],
    hint: "The cluster has no such GPUs: set disable_gpus_per_node, or ask for them as slipway nodes shows them",
  },
  {
    kind: "request",
    words: ["Requested node configuration is not available"],
    hint: "No node of the partition has all of what was asked for: fewer GPUs, CPUs or less memory, or another partition",
  },
  { kind: "request", words: ["Invalid feature specification"], hint: "No node has the features of constraint" },
  {
    kind: "request",
    words: [
      "Invalid wckey",
      "Invalid license",
      "Access denied to requested reservation",
      "Requested reservation is invalid",
      "Requested reservation not usable",
      "Invalid --nice value",
      "Invalid time specified",
    ],
    hint: "Correct that option under sbatch in the cluster or the experiment file",
  },
  {
    kind: "request",
    words: ["Pathname of a file, directory or other parameter too long"],
    hint: "The script or one of its options is too long for this cluster",
  },
  {
    kind: "request",
    words: [
      "unrecognized option",
      "Invalid directive found",
      "invalid option",
      "Unmatched `",
      "Batch script contains DOS line breaks",
      "This does not look like a batch script",
    ],
    hint: "sbatch does not read this script: was it edited, or has this release no such option?",
  },
  {
    kind: "busy",
    words: [
      "Partition in DOWN state",
      "Required partition not available",
      "System submissions disabled",
      "Requested partition configuration not available now",
      "Required node not available",
      "Requested nodes are busy",
    ],
    hint: "The cluster takes no such jobs now: wait, or choose another partition",
  },
  { kind: "unknown_job", words: ["Invalid job id specified", "Invalid job id"] },
  { kind: "request", words: ["Access/permission denied"], hint: "It is another user's, or you may not do this there" },
  {
    kind: "request",
    words: ["Requested operation is presently disabled"],
    hint: "The job was submitted so that it cannot be requeued",
  },
  {
    kind: "other",
    words: ["command not found", "sbatch: not found", "sbatch': No such file", "Unable to open file"],
    hint: "Slurm's commands are not on the PATH there: set pre_command (module load slurm) in the cluster file",
  },
];
