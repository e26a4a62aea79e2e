import { isJobName, quoteCommand, quoteShell } from "@slipway/core";
import type { Command, Job } from "@slipway/core";

import { assertPassable } from "./environment.ts";
import { SbatchError } from "./error.ts";
import { renderLocalWrapper } from "./wrapper/wrapper.ts";

export interface JobScriptOptions {
  readonly experiment: string;
  readonly job: Job;
  /** `<experiment>.<job>.<try>`: at most one job of a token ever runs. */
  readonly token: string;
  /** Lines for people at the top. No secrets. */
  readonly comments?: readonly string[] | undefined;
  /** Between TERM and KILL, when the job is ended; 10 when absent. */
  readonly graceSeconds?: number | undefined;
}

/**
 * The script of a job on this machine: POSIX sh, its command and the wrapper that runs it and leaves the evidence.
 * It holds neither variables nor secrets: those lie beside it in `env` and `secrets` (`renderEnvironment`).
 * Throws SBATCH_INVALID_NAME and SBATCH_INVALID_VALUE for what cannot be passed to a process.
 */
export function renderJobScript({
  experiment,
  job,
  token,
  comments = [],
  graceSeconds = 10,
}: JobScriptOptions): string {
  for (const name of [experiment, job.name, ...job.needs.map((need) => need.job)]) assertName(name);
  const needs = job.needs.map(({ type, job: name }) => `${type}:${name}`).join(" ");
  return `#!/bin/sh
# Job ${job.name} of experiment ${experiment}, run by slipway. Readable, and yours to edit.
${comments.map(renderComments).join("")}#
# Beside it: attempt-1.log (its output), attempt-1.start and attempt-1.exit (how it went), run/ (yours to write to), code (read-only).
# It runs once: whoever creates the file "commit" runs it. To run it again by hand, in a directory of its own:
#   mkdir ../${job.name}.again && cp -RP job.sh env secrets code ../${job.name}.again && sh ../${job.name}.again/job.sh

slipway_experiment=${quoteShell(experiment)}
slipway_job=${quoteShell(job.name)}
slipway_token=${quoteShell(token)}
slipway_attempt=1
slipway_needs=${quoteShell(needs)} # TYPE:JOB of the same experiment; TYPE is ok, notok or any
slipway_time_limit_seconds=${renderSeconds(job.resources.timeLimitSeconds)} # empty: none
slipway_grace_seconds=${renderSeconds(graceSeconds)} # between TERM and KILL
slipway_release=\${1-} # given by slipway when jobs begin together: the file that lets them

# The command. Its variables are in the files env and secrets.
set -- ${quoteCommand(commandWords(job))}

# --- From here on the same text in every script: what runs the command and tells how it ended. ---
${renderLocalWrapper()}`;
}

export function assertName(name: string): void {
  if (isJobName(name)) return;
  throw new SbatchError("SBATCH_INVALID_NAME", `${JSON.stringify(name)} is not a name for an experiment or a job`, {
    hint: "Use letters, digits, '_', '.' and '-', at most 63, first a letter or digit",
  });
}

/** The argument list that is executed. */
export function commandWords({
  name,
  command,
}: {
  readonly name: string;
  readonly command: Command;
}): readonly string[] {
  const words = command.kind === "argv" ? command.argv : ["bash", "-eo", "pipefail", "-c", command.lines.join("\n")];
  if (words[0] === undefined || words[0] === "") {
    throw new SbatchError("SBATCH_INVALID_VALUE", `The command of job ${name} is empty`, {
      hint: "Name the program to run",
    });
  }
  for (const word of words) assertPassable(word, `The command of job ${name}`);
  return words;
}

// oxlint-disable-next-line no-control-regex
const controlCharacters = /[\u0000-\u001f\u007f-\u009f]/g;

export function renderComments(comment: string): string {
  const lines = comment.split(/\r\n|\r|\n/).map((line) => `# ${line.replace(controlCharacters, " ")}`.trimEnd());
  return `${lines.join("\n")}\n`;
}

function renderSeconds(seconds: number | undefined): string {
  if (seconds === undefined) return "";
  if (!Number.isFinite(seconds) || seconds <= 0) {
    throw new SbatchError("SBATCH_INVALID_VALUE", `${seconds} is not a number of seconds above 0`);
  }
  return String(Math.ceil(seconds));
}
