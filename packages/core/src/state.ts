/** What became of a job, in the words of every slipway command. */
export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled" | "timed_out" | "unknown";

const finalStates: Readonly<Record<JobState, boolean>> = {
  queued: false,
  running: false,
  succeeded: true,
  failed: true,
  cancelled: true,
  timed_out: true,
  unknown: false,
};

export const jobStates = Object.keys(finalStates) as readonly JobState[];

/** A final state stays unless somebody starts the job again. `unknown` is never final. */
export function isFinalState(state: JobState): boolean {
  return finalStates[state];
}

/** One thing that was seen, where and when, on which a state rests. */
export interface Evidence {
  /** Where it was read: a file's name in the run directory, `process`, `squeue`, `sacct`. */
  readonly source: string;
  /** When it happened or was read, ISO 8601 in UTC. */
  readonly at: string;
  readonly value: string;
}

/** A job's state with what it rests on. Times are ISO 8601 in UTC. */
export interface JobStatus {
  readonly state: JobState;
  /** Refines the state: `out_of_memory`, `node_failed`, `dependency_failed`, `wrapper_killed`, … */
  readonly reason?: string;
  /** The executor's own id for what runs: a Slurm job id, a process id. */
  readonly nativeId?: string;
  /** The executor's own word for the state. */
  readonly nativeState?: string;
  readonly exitCode?: number;
  /** The signal that ended the job's command, by its number. */
  readonly signal?: number;
  /** Which start of the job this is about, from 1. */
  readonly attempt: number;
  readonly submittedAt?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly evidence: readonly Evidence[];
  /** Of an array, its elements; of a group or a heterogeneous job, its parts. */
  readonly members?: readonly MemberStatus[];
}

/** One part of a job. */
export interface MemberStatus extends JobStatus {
  /** The executor's own name of the part: `332_2`, `341+1`; of a group the member's name. */
  readonly name: string;
  /** Of an array's element. */
  readonly arrayIndex?: number;
}
