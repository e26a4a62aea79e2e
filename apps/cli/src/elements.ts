import type { RecordedJob } from "@slipway/core";

import { CliError } from "./error.ts";

/** `EXP/JOB[3]` as the job and the elements that `--array` would name. */
export function splitElements(target: string, array: string | undefined): { words: string; array: string | undefined } {
  const [, words, elements] = /^(.+)\[([^\][]+)\]$/.exec(target) ?? [];
  if (words === undefined) return { words: target, array };
  if (array !== undefined) throw new CliError("CLI_USAGE", `Elements are named twice: ${target} and --array ${array}`);
  return { words, array: elements };
}

/** The elements of one array that `--array` names; undefined when it names none. Throws CLI_USAGE, and CLI_NOT_THERE for one that the array has not. */
export async function chosenElements(
  words: string | undefined,
  jobs: readonly RecordedJob[],
): Promise<readonly number[] | undefined> {
  if (words === undefined) return undefined;
  const [job, another] = jobs;
  if (!job || another) {
    throw new CliError("CLI_USAGE", "--array names elements of one array", {
      hint: `Say which job: EXP/JOB. Those here: ${jobs.map(({ name }) => name).join(", ")}`,
    });
  }
  if (!job.array) {
    throw new CliError("CLI_USAGE", `${job.name} is no array and has no element ${words}`, {
      hint: "Leave the elements out",
    });
  }
  const { parseArraySpec } = await import("@slipway/sbatch");
  const { indices, maxRunning } = parseArraySpec(words, { maxArraySize: 4_000_002 });
  if (maxRunning !== undefined) throw new CliError("CLI_USAGE", `${words} has a limit, which only a submission has`);
  const known = new Set(job.array.indices);
  const unknown = indices.filter((index) => !known.has(index));
  if (unknown.length === 0) return indices;
  const list = unknown.length > 10 ? `${unknown.slice(0, 10).join(", ")}, …` : unknown.join(", ");
  throw new CliError("CLI_NOT_THERE", `${job.name} has no element ${list}`, {
    hint: `slipway status shows them: it has ${known.size}`,
  });
}
