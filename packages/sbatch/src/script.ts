import { isJobName, quoteCommand, quoteShell } from "@slipway/core";
import type { Command, Job, JobArray, Retries, RetryBudget } from "@slipway/core";

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
  /** How the jobs of this host share its processors; all that can begin does when absent. */
  readonly slots?: JobSlots | undefined;
}

export interface JobSlots {
  /** Of all jobs that share them, from the run directory on. */
  readonly directory: string;
  /** Processors that jobs may use at the same time. */
  readonly cores: number;
}

/**
 * The script of a job on a machine without a scheduler: POSIX sh, its command and the wrapper that runs it and leaves the evidence.
 * It holds neither variables nor secrets: those lie beside it in `env`, `env.MEMBER` and `secrets` (`renderEnvironment`).
 * Throws SBATCH_INVALID_NAME and SBATCH_INVALID_VALUE for what cannot be passed to a process.
 */
export function renderJobScript(options: JobScriptOptions): string {
  const { experiment, job, token, comments = [], graceSeconds = 10, slots } = options;
  const names = job.needs.flatMap((need) => [need.job, need.experiment ?? experiment]);
  const members = (job.group ?? []).map(({ name }) => name);
  for (const name of [experiment, job.name, job.runDirOf ?? job.name, ...names, ...members]) assertName(name);
  const cpus = cpusOf(job, slots?.cores);
  return `#!/bin/sh
# Job ${job.name} of experiment ${experiment}, run by slipway. Readable, and yours to edit.
${comments.map(renderComments).join("")}#
# Beside it: attempt-1.log (its output), attempt-1.start and attempt-1.exit (how it went), run/ (yours to write to), code (read-only).
# It runs once: whoever creates the file "commit" runs it. To run it again by hand, in a directory of its own:
#   mkdir ../${job.name}.again && cp -RP job.sh env* secrets code ../${job.name}.again && sh ../${job.name}.again/job.sh

slipway_experiment=${quoteShell(experiment)}
slipway_job=${quoteShell(job.name)}
slipway_token=${quoteShell(token)}
slipway_attempt=1
slipway_needs=${quoteShell(renderNeeds(job))} # TYPE:DIRECTORY of another job; TYPE is ok, notok, any or corresponding
slipway_time_limit_seconds=${renderSeconds(job.resources.timeLimitSeconds)} # empty: none
slipway_grace_seconds=${renderSeconds(graceSeconds)} # between TERM and KILL
slipway_retries=${quoteShell(renderRetries(job.retries))} # CAUSE=TIMES; a command that exits with 75 asks to begin again
slipway_slots=${quoteShell(slots?.directory ?? "")} slipway_cores=${slots?.cores ?? 1} slipway_cpus=${cpus} # the machine's processors, and this job's
${renderParticulars(job, { cpus, slots })}slipway_release=\${1-} # given by slipway when jobs begin together: the file that lets them

# The command. Its variables are in the files env and secrets.
${renderCommands(job)}

# --- From here on the same text in every script: what runs the command and tells how it ended. ---
${renderLocalWrapper()}`;
}

/** What most jobs do not have. */
function renderParticulars(
  job: Job,
  { cpus, slots }: { readonly cpus: number; readonly slots: JobSlots | undefined },
): string {
  const { warning, array, group, runDirOf, workdir } = job;
  const ending = (group ?? []).flatMap(({ name, endsGroup }) => (endsGroup ? name : []));
  const lines = [
    warning &&
      `slipway_warning_signal=${warning.signalName} slipway_warning_seconds=${renderSeconds(warning.secondsBefore)} # before the time limit`,
    keepsStderr(job) && stderrLine,
    workdir === "copy" && "slipway_workdir=copy # a writable copy of the code for each attempt",
    runDirOf !== undefined && `slipway_run_dir_of=${runDirOf} # the job in whose run/ this one goes on`,
    array &&
      `slipway_array=${quoteShell(array.indices.join(" "))} slipway_max_running=${lanesOf(array, cpus, slots?.cores)} # indices, and how many at a time`,
    group &&
      `slipway_members=${quoteShell(group.map(({ name }) => name).join(" "))} slipway_ends_group=${quoteShell(ending.join(" "))} # whose success ends the others`,
    (array ?? group) && givenPart,
  ];
  return lines.flatMap((line) => (typeof line === "string" ? `${line}\n` : [])).join("");
}

/** Whether standard error has a log of its own, beside the one of all output. */
export function keepsStderr({ env }: Pick<Job, "env">): boolean {
  return env["SLIPWAY_STDERR"] === "separate";
}

export const stderrLine = "slipway_stderr=separate # standard error has a log of its own, too: attempt-1.err";

const givenPart = `# Which part of the job this process runs, and with which shell: the script starts itself for each element and member.
slipway_given="\${slipway_shell:-sh} \${slipway_index:--} \${slipway_member:--} \${slipway_member_attempt:--}"
unset slipway_shell slipway_index slipway_member slipway_member_attempt
slipway_member_attempt=\${slipway_given##* } slipway_given=\${slipway_given% *}
slipway_member=\${slipway_given##* } slipway_given=\${slipway_given% *}
slipway_index=\${slipway_given##* } slipway_shell=\${slipway_given% *}
[ "$slipway_member" != - ] || slipway_member=''
[ "$slipway_index" != - ] || slipway_index=''`;

function renderNeeds({ name, needs, array }: Job): string {
  return needs
    .map(({ type, job, experiment }) => {
      if (type === "corresponding" && !array) {
        throw new SbatchError(
          "SBATCH_INVALID_VALUE",
          `Job ${name} is no array: no element of it corresponds to one of ${job}`,
        );
      }
      return `${type}:${experiment === undefined ? ".." : `../../${experiment}`}/${job}`;
    })
    .join(" ");
}

/** Preemption and the loss of a node do not happen here. */
function renderRetries(retries: Retries | undefined): string {
  if (!retries) return "";
  const { timeout, failed, requested = "unlimited" } = retries;
  const budgets = Object.entries({ timeout, failed, requested });
  return budgets
    .flatMap(([cause, budget]) => (budget === undefined ? [] : `${cause}=${checkedBudget(budget)}`))
    .join(" ");
}

function checkedBudget(budget: RetryBudget): RetryBudget {
  if (budget === "unlimited" || (Number.isInteger(budget) && budget >= 0)) return budget;
  throw new SbatchError("SBATCH_INVALID_VALUE", `${budget} is no number of times to begin again`);
}

function renderCommands(job: Job): string {
  const { group, array } = job;
  if (group)
    return renderCase(
      "$slipway_member",
      group.map((member) => [member.name, commandWords(member)]),
    );
  if (!array?.elements) return `set -- ${quoteCommand(localWords(job, job.command))}`;
  const { elements } = array;
  return renderCase(
    "$slipway_index",
    array.indices.map((index) => [String(index), localWords(job, elements[String(index)]?.command ?? job.command)]),
  );
}

function renderCase(value: string, branches: readonly (readonly [string, readonly string[]])[]): string {
  const lines = branches.map(([name, words]) => `${name}) set -- ${quoteCommand(words)} ;;\n`);
  return `case ${value} in\n${lines.join("")}esac`;
}

function localWords({ name, launcher, resources }: Job, command: Command): readonly string[] {
  const words = commandWords({ name, command });
  if (launcher !== "torchrun") return words;
  const { tasksPerNode = 1, gpusPerNode = 1 } = resources;
  const processes = tasksPerNode > 1 ? tasksPerNode : Math.max(1, gpusPerNode);
  return ["torchrun", "--standalone", `--nproc-per-node=${processes}`, "--no-python", ...words];
}

/** Of a group, those of its members together; never more than there are. */
function cpusOf({ resources, group = [] }: Job, cores = 1): number {
  const own = resources.cpusPerTask ?? 1;
  const all = group.length === 0 ? own : group.reduce((sum, member) => sum + (member.resources.cpusPerTask ?? own), 0);
  return Math.max(1, Math.min(all, cores));
}

function lanesOf({ indices, maxRunning = indices.length }: JobArray, cpus: number, cores = 16): number {
  return Math.max(1, Math.min(maxRunning, indices.length, Math.floor(cores / cpus)));
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
