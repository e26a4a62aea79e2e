import { isSlipwayError } from "@slipway/core";
import type { ExperimentRecord, Transport } from "@slipway/core";

/** What of an experiment is not there any more, in words: when and why a cleaner took it, and how it comes back. */
export interface Gone {
  readonly code?: string;
  /** By the job's name. */
  readonly runDirs: ReadonlyMap<string, string>;
}

const nothing: Gone = { runDirs: new Map() };

/** Asks the host where the experiment ran, in one command. */
export async function describeGone(
  { code, jobs }: Pick<ExperimentRecord, "code" | "jobs">,
  transport: Transport,
  signal: AbortSignal,
): Promise<Gone> {
  const [, jobDir, copy] = /^(.*)\/(store\/code\/[0-9a-f]{64}\.[A-Za-z0-9]+)\/tree$/.exec(code.directory) ?? [];
  if (jobDir === undefined || copy === undefined) return nothing;
  const runs = jobs.flatMap(({ name, handle }): readonly (readonly [string, string])[] =>
    handle?.runDir.startsWith(`${jobDir}/runs/`) ? [[name, handle.runDir.slice(jobDir.length + 1)]] : [],
  );
  const removed = await removedFrom(jobDir, [copy, ...runs.map(([, directory]) => directory)], transport, signal);
  const wordsOf = (name: string, end: string) => {
    const words = removed.get(name);
    return words === undefined ? undefined : `${words}; ${end}`;
  };
  const codeWords = wordsOf(copy, "the same files, run again, bring it back");
  return {
    ...(codeWords !== undefined && { code: codeWords }),
    runDirs: new Map(
      runs.flatMap(([name, directory]) => {
        const words = wordsOf(directory, "its logs and outputs do not come back");
        return words === undefined ? [] : [[name, words] as const];
      }),
    ),
  };
}

async function removedFrom(
  jobDir: string,
  names: readonly string[],
  transport: Transport,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { findRemoved } = await import("@slipway/cleaner");
  try {
    const removed = await findRemoved({ transport, jobDir, names, signal });
    return new Map(
      removed.map(({ name, entry }) => [
        name,
        entry === undefined
          ? "gone, and no cleaner has taken it"
          : `cleaned on ${entry.at} by ${entry.by}: ${entry.why}`,
      ]),
    );
  } catch (error) {
    if (isSlipwayError(error)) return new Map(); // The record is shown whole without it.
    throw error;
  }
}
