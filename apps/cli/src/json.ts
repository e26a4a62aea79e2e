import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";

import type { MemberStatus } from "@slipway/core";
import type { ExperimentStatus, NamedJobStatus } from "@slipway/experiment";

import type { Context, OutputStream } from "./context.ts";

/** One JSON document, the only thing on the stream; laid out for reading on a terminal. */
export function printJson(stream: OutputStream, document: unknown): void {
  stream.write(`${JSON.stringify(document, undefined, stream.isTTY ? 2 : undefined)}\n`);
}

/** Written at once: enough to keep a pipe busy. */
const pieceCharacters = 1 << 16;

/**
 * Prints what `printJson` would of a document with a list of items that may be too long for one string: piece by piece, as fast
 * as the reader reads. The list takes the place of the document's value under its key.
 */
export async function printLongJson(
  { stdout, signal }: Pick<Context, "stdout" | "signal">,
  document: Readonly<Record<string, unknown>>,
  list: { readonly key: string; readonly items: Iterable<unknown> },
): Promise<void> {
  const indent = stdout.isTTY ? 2 : undefined;
  const between = indent === undefined ? "" : `\n${" ".repeat(2 * indent)}`;
  const mark = randomUUID();
  const around = JSON.stringify({ ...document, [list.key]: [mark] }, undefined, indent);
  const [before = "", after = ""] = around.split(JSON.stringify(mark));
  const write = async (text: string) => {
    if (stdout.write(text) === false && stdout instanceof EventEmitter) await once(stdout, "drain", { signal });
  };
  let text = before;
  let isFirst = true;
  for (const item of list.items) {
    if (text.length > pieceCharacters) {
      await write(text);
      text = "";
    }
    text += `${isFirst ? "" : `,${between}`}${JSON.stringify(item, undefined, indent).replaceAll("\n", between)}`;
    isFirst = false;
  }
  await write(`${text}${after}\n`);
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
