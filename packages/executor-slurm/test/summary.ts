import type { JobStatus } from "@slipway/core";

/** What matters of a status. */
export function summary(status: JobStatus | undefined) {
  if (!status) return undefined;
  const { state, reason, exitCode, signal, attempt } = status;
  return {
    state,
    attempt,
    ...(reason !== undefined && { reason }),
    ...(exitCode !== undefined && { exitCode }),
    ...(signal !== undefined && { signal }),
  };
}
