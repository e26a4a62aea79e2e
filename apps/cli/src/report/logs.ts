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

/** One log byte for byte; the lines of several jobs, or of a job's parts, each behind its name. False when there was nothing. */
export async function printLogs(
  { jobs, executor }: LogSource,
  context: Context,
  printing: LogPrinting,
): Promise<boolean> {
  const { jobOutput, mergedOutput, outputSources } = await import("@slipway/experiment");
  const { stream = context.stdout, arrayIndex, rank, ...options } = printing;
  const sources = jobs.flatMap((job) => outputSources(job, { arrayIndex, rank }));
  let hasOutput = false;
  const write = (output: string | Uint8Array) => {
    hasOutput = true;
    stream.write(output);
  };
  const [only] = sources;
  if (only && sources.length === 1) {
    for await (const { bytes } of jobOutput(executor, only, options)) write(bytes);
    return hasOutput;
  }
  const labels = sources.map(({ label }) => label);
  const prefixes = linePrefixes(labels, hasColor(stream, context.env));
  for await (const { job, bytes } of mergedOutput(executor, sources, options)) {
    write(prefixLines(bytes, prefixes.get(job) ?? `${job} | `));
  }
  return hasOutput;
}

const jobColors = ["cyan", "magenta", "yellow", "green", "blue"] as const;

function linePrefixes(labels: readonly string[], color: boolean): ReadonlyMap<string, string> {
  const width = Math.max(...labels.map(({ length }) => length));
  return new Map(
    labels.map((label, index) => [
      label,
      paint(`${label.padEnd(width)} | `, jobColors[index % jobColors.length] ?? "cyan", color),
    ]),
  );
}

function prefixLines(bytes: Uint8Array, prefix: string): string {
  const text = Buffer.from(bytes).toString("utf8");
  const lines = text.endsWith("\n") ? text.slice(0, -1).split("\n") : text.split("\n");
  return lines.map((line) => `${prefix}${line}\n`).join("");
}
