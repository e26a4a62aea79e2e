import type { MemberStatus } from "@slipway/core";
import type { ExperimentStatus, NamedJobStatus } from "@slipway/experiment";

import type { OutputStream } from "./context.ts";

/** One JSON document, the only thing on the stream; laid out for reading on a terminal. */
export function printJson(stream: OutputStream, document: unknown): void {
  stream.write(`${JSON.stringify(document, undefined, stream.isTTY ? 2 : undefined)}\n`);
}

/** A job as `run --json` and `status --json` give it; its keys are API. */
export function jobDocument(status: NamedJobStatus | MemberStatus): object {
  const { name, state, nativeId, nativeState, reason, exitCode, signal, attempt, ...rest } = status;
  const { submittedAt, startedAt, endedAt, evidence, members } = rest;
  return {
    name,
    array: "arrayIndex" in status ? status.arrayIndex : undefined,
    state,
    nativeId,
    nativeState,
    reason,
    exitCode,
    signal,
    attempt,
    submittedAt,
    startedAt,
    endedAt,
    evidence,
    members: members?.map(jobDocument),
  };
}

/** An experiment as `status --json` gives it; its keys are API. */
export function statusDocument({ experiment, name, cluster, state, jobs }: ExperimentStatus): object {
  return { experiment, name, cluster, state, jobs: jobs.map(jobDocument) };
}
