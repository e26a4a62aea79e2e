import type { JobState, JobStatus } from "@slipway/core";

export interface Ending {
  readonly state: JobState;
  readonly exitCode: number | undefined;
  readonly signal: number | undefined;
}

/** The part of a status that an end is compared by, whole. */
export function ending({ state, exitCode, signal }: JobStatus): Ending {
  return { state, exitCode, signal };
}
