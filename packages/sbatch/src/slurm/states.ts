import { stripControlCharacters } from "@slipway/core";
import type { JobState } from "@slipway/core";

/** Where a job with a state of Slurm stands; `completing` hides whether it has ended or begins again. */
export type SlurmPhase = "queued" | "running" | "completing" | "ended" | "withdrawn";

export interface SlurmStateFacts {
  /** The short form of `squeue -o %t`. */
  readonly compact?: string;
  readonly phase: SlurmPhase;
  /** Our state and reason once it has ended. */
  readonly outcome?: JobState;
  readonly reason?: string;
  /** True where Slurm may put the job back in the queue under the same id. */
  readonly mayRequeue?: true;
}

/**
 * Every state that a release of Slurm from 19.05 to 26.11 can print.
 * Source: slurm/slurm.h (enum job_states, JOB_STATE_FLAGS), job_state_string() and job_state_string_compact() there.
 */
export const slurmStates = {
  PENDING: { compact: "PD", phase: "queued" },
  RUNNING: { compact: "R", phase: "running" },
  SUSPENDED: { compact: "S", phase: "running", reason: "suspended" },
  COMPLETED: { compact: "CD", phase: "ended", outcome: "succeeded" },
  CANCELLED: { compact: "CA", phase: "ended", outcome: "cancelled" },
  FAILED: { compact: "F", phase: "ended", outcome: "failed" },
  TIMEOUT: { compact: "TO", phase: "ended", outcome: "timed_out" },
  NODE_FAIL: { compact: "NF", phase: "ended", outcome: "failed", reason: "node_failed", mayRequeue: true },
  PREEMPTED: { compact: "PR", phase: "ended", outcome: "failed", reason: "preempted", mayRequeue: true },
  BOOT_FAIL: { compact: "BF", phase: "ended", outcome: "failed", reason: "boot_failed", mayRequeue: true },
  DEADLINE: { compact: "DL", phase: "ended", outcome: "timed_out", reason: "deadline" },
  OUT_OF_MEMORY: { compact: "OOM", phase: "ended", outcome: "failed", reason: "out_of_memory" },
  COMPLETING: { compact: "CG", phase: "completing", reason: "completing" },
  STAGE_OUT: { compact: "SO", phase: "completing", reason: "staging_out" },
  CONFIGURING: { compact: "CF", phase: "queued" },
  EXPEDITING: { phase: "queued" },
  RESIZING: { compact: "RS", phase: "running" },
  REQUEUED: { compact: "RQ", phase: "queued" },
  REQUEUE_FED: { compact: "RF", phase: "queued" },
  REQUEUE_HOLD: { compact: "RH", phase: "queued" },
  SPECIAL_EXIT: { compact: "SE", phase: "queued" },
  STOPPED: { compact: "ST", phase: "running", reason: "stopped" },
  REVOKED: { compact: "RV", phase: "withdrawn", reason: "revoked" },
  RESV_DEL_HOLD: { compact: "RD", phase: "queued" },
  SIGNALING: { compact: "SI", phase: "running" },
  REQUEUED_CRON: { compact: "RC", phase: "queued" },
} as const satisfies Readonly<Record<string, SlurmStateFacts>>;

export type SlurmStateName = keyof typeof slurmStates;

export interface SlurmState {
  /** What Slurm said, in full; at most 64 characters, none of them control characters. */
  readonly word: string;
  /** Absent for a word of a future release: such a state is never final. */
  readonly name?: SlurmStateName;
  /** Who cancelled it: `0` in `CANCELLED by 0`. */
  readonly by?: string;
}

/** Reads a state in its long, short or shortened (`CANCELLED+`, `OUT_OF_ME+`) form. Any text is some state. */
export function parseSlurmState(text: string): SlurmState {
  const word = stripControlCharacters(text).replaceAll(/\s+/g, " ").trim().slice(0, 64);
  const [head = "", ...rest] = word.split(" ");
  const name = findName(head.toUpperCase());
  const by = /^by (\S+)$/.exec(rest.join(" "))?.[1];
  return { word, ...(name && { name }), ...(name === "CANCELLED" && by !== undefined && { by }) };
}

export function stateFacts({ name }: SlurmState): SlurmStateFacts | undefined {
  return name && slurmStates[name];
}

const names = new Map<string, SlurmStateName>();
for (const [name, facts] of Object.entries<SlurmStateFacts>(slurmStates)) {
  if (!isName(name)) continue;
  names.set(name, name);
  if (facts.compact !== undefined) names.set(facts.compact, name);
}

function isName(text: string): text is SlurmStateName {
  return Object.hasOwn(slurmStates, text);
}

/** sacct cuts a word to its column and ends it with `+`. */
function findName(head: string): SlurmStateName | undefined {
  if (!head.endsWith("+")) return names.get(head);
  const start = head.slice(0, -1);
  const whole = names.get(start);
  if (whole) return whole;
  const candidates = Object.keys(slurmStates).filter((name) => start.length >= 4 && name.startsWith(start));
  const [only] = candidates;
  return candidates.length === 1 && only !== undefined && isName(only) ? only : undefined;
}
