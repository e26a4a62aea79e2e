import type { Executor, RecordedJob } from "@slipway/core";
import type { OutputOptions } from "@slipway/experiment";

import type { Context, OutputStream } from "../context.ts";
import { hasColor, paint } from "./text.ts";

export interface LogSource {
  readonly jobs: readonly RecordedJob[];
  readonly executor: Executor;
}

export interface LogPrinting extends OutputOptions {
  /** Standard output when absent. */
  readonly stream?: OutputStream | undefined;
}

/** One job's log byte for byte; several jobs' lines each behind its job's name. */
export async function printLogs({ jobs, executor }: LogSource, context: Context, printing: LogPrinting): Promise<void> {
  const { jobHandles, jobOutput, mergedOutput } = await import("@slipway/experiment");
  const { stream = context.stdout, ...options } = printing;
  const handles = jobHandles(jobs);
  const [only] = handles;
  if (only && handles.length === 1) {
    for await (const { bytes } of jobOutput(executor, only, options)) stream.write(bytes);
    return;
  }
  const prefixes = linePrefixes(jobs, hasColor(stream, context.env));
  for await (const { job, bytes } of mergedOutput(executor, handles, options)) {
    stream.write(prefixLines(bytes, prefixes.get(job) ?? `${job} | `));
  }
}

const jobColors = ["cyan", "magenta", "yellow", "green", "blue"] as const;

function linePrefixes(jobs: readonly RecordedJob[], color: boolean): ReadonlyMap<string, string> {
  const width = Math.max(...jobs.map(({ name }) => name.length));
  return new Map(
    jobs.map(({ name }, index) => [
      name,
      paint(`${name.padEnd(width)} | `, jobColors[index % jobColors.length] ?? "cyan", color),
    ]),
  );
}

function prefixLines(bytes: Uint8Array, prefix: string): string {
  const text = Buffer.from(bytes).toString("utf8");
  const lines = text.endsWith("\n") ? text.slice(0, -1).split("\n") : text.split("\n");
  return lines.map((line) => `${prefix}${line}\n`).join("");
}
