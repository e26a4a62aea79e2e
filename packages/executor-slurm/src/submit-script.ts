import { quoteCommand, quoteShell } from "@slipway/core";
import type { Dependency, DependencyType, ExperimentRecord, JobPlan } from "@slipway/core";
import { commitFile, jobNameOf, sbatchCommand } from "@slipway/sbatch";
import type { SlurmSettings } from "@slipway/sbatch";

import { renderRecord } from "./experiment-record.ts";
import { renderSharedTexts, sharedTextFile, splitFile } from "./shared-text.ts";
import type { SharedText } from "./shared-text.ts";
import { submitFunctions } from "./submit-functions.ts";

export interface SubmitScriptOptions {
  readonly jobDir: string;
  /** Slurm's ClusterName. */
  readonly clusterName: string;
  /** Letters and digits, never the same twice. */
  readonly nonce: string;
  readonly settings: Pick<SlurmSettings, "jobNamePrefix">;
  /** With dependencies first. */
  readonly plans: readonly JobPlan[];
  /** Whether the texts that all submissions share travel too; without them the script may answer FAIL text. */
  readonly sendsShared: boolean;
  /** Cancels the jobs that have not begun, in place of letting them start. */
  readonly takesBack?: boolean | undefined;
  readonly record?: ExperimentRecord | undefined;
}

/** What scripts for these plans share with others. */
export function sharedTextsOf(plans: readonly JobPlan[]): readonly SharedText[] {
  return [submitFunctions, ...fileTextsOf(plans)];
}

/** One script that submits all jobs, or none. Answers JOB N ID for each, N its place among the plans. */
export function renderSubmitScript(options: SubmitScriptOptions): string {
  const { jobDir, clusterName, nonce, settings, plans, sendsShared, record, takesBack = false } = options;
  const numbers = new Map(plans.map((plan, index) => [`${plan.experiment}/${plan.job.name}`, index]));
  const jobs = plans.map((plan, number): RenderedJob => {
    const needs = plan.job.needs.map((need) => ({
      ...need,
      number: numbers.get(`${need.experiment ?? plan.experiment}/${need.job}`),
    }));
    return {
      number,
      directory: `runs/${plan.experiment}/${plan.job.name}`,
      commit: `runs/${plan.experiment}/${plan.job.name}/${commitFile(tryOf(plan.token))}`,
      name: jobNameOf(plan.token, settings),
      token: plan.token,
      instance: instanceOf(plan),
      plan,
      needs,
      command: renderCommand(plan, settings),
    };
  });
  return [
    `cd ${quoteShell(jobDir)} || fail folder .\n`,
    `cluster=${quoteShell(clusterName)} nonce=${quoteShell(nonce)}\n`,
    renderSharedTexts(sharedTextsOf(plans), { sends: sendsShared }),
    `. ./${sharedTextFile(submitFunctions)}\n`,
    renderRecord(record),
    renderReading(fileTextsOf(plans)),
    ...jobs.map(renderFiles),
    ...jobs.map(renderPreparation),
    ...levelsOf(jobs).map(renderSubmissions),
    "set --\n",
    ...jobs.map(renderCommit),
    "take_back_late\nend_calls\n",
    `[ $# -eq 0 ] || ${takesBack ? "withdraw" : "release"} "$@"\n`,
    ...jobs.map(
      ({ number, directory }) =>
        `${takesBack ? "" : `: >${quoteShell(directory)}/released; `}say JOB ${number} "$id_${number}"\n`,
    ),
  ].join("");
}

function fileTextsOf(plans: readonly JobPlan[]): readonly SharedText[] {
  const texts = plans.flatMap(({ files }) => files.flatMap((file) => splitFile(file).shared ?? []));
  return [...new Map(texts.map((text) => [text.sha256, text])).values()];
}

interface RenderedJob {
  readonly number: number;
  readonly directory: string;
  /** The record of which job counts. */
  readonly commit: string;
  readonly name: string;
  readonly token: string;
  readonly instance: string;
  readonly plan: JobPlan;
  /** `number` where the other is among the plans. */
  readonly needs: readonly (Dependency & { readonly number: number | undefined })[];
  /** Of sbatch, as shell text: what it waits for is known only there. */
  readonly command: string;
}

/** The number at a token's end. */
function tryOf(token: string): number {
  return Number(/\.([1-9]\d{0,5})$/.exec(token)?.[1] ?? 1);
}

/** `store/code/<instance>/tree`, as `stage` gave it. */
export function instanceOf({ code }: JobPlan): string {
  const instance = /\/store\/code\/([0-9a-f]{64}\.[A-Za-z0-9]{1,64})\/tree$/.exec(code.directory)?.[1];
  if (instance === undefined) throw new TypeError(`Not in a code store: ${code.directory}`);
  return instance;
}

/** By functions and builtins: no content stands in an argument list, and no process is started for a file. */
function renderFiles({ number, plan }: RenderedJob): string {
  const puts = plan.files.map((planned) => {
    const { path, mode } = planned;
    const { own, shared } = splitFile(planned);
    const words = [mode.toString(8), `"$1"/${quoteShell(path)}`, own.split("\n").length, quoteShell(own)];
    return `put ${words.join(" ")}${shared ? ` ${shared.sha256}` : ""}`;
  });
  return `files_${number}() {\n${puts.join(" &&\n") || ":"}\n}\n`;
}

/** Into variables, for the files of all jobs; without the x a shell would take away the line ends. A server reads the file itself. */
function renderReading(texts: readonly SharedText[]): string {
  const reads = texts.map(
    (text) =>
      `text_${text.sha256}=$(cat ${sharedTextFile(text)} && echo x) || fail text\ntext_${text.sha256}=\${text_${text.sha256}%x}\n`,
  );
  return reads.length === 0 ? "" : `if [ -z "$calls" ]; then\n${reads.join("")}fi\n`;
}

/** Up to what its job may be asked for; nothing to do where the commit record is there. */
function renderPreparation(job: RenderedJob): string {
  const { number, directory, commit, token, instance, plan } = job;
  const words = [plan.experiment, plan.job.name, token].map(quoteShell).join(" ");
  return `if slipway_read_try ${quoteShell(commit)} && [ "$slipway_committed_token" = ${quoteShell(token)} ]; then id_${number}=\${slipway_committed##*.} sent_${number}=$id_${number}; else
  needs=''
${job.needs.map((need) => renderOutsideNeed(need, job)).join("")}  outside_${number}=$needs
  lease ${number} ${quoteShell(instance)} ${quoteShell(token)}
  prepare ${number} ${words}
  verify ${number} ${quoteShell(instance)} ${quoteShell(token)} ${quoteShell(directory)}
  instance_${number}=$instance fresh_${number}=$fresh
fi
`;
}

/** Jobs that need nothing of each other: those that need none of the plans, those that need one of these, … */
function levelsOf(jobs: readonly RenderedJob[]): readonly (readonly RenderedJob[])[] {
  const levels: RenderedJob[][] = [];
  const levelOf = new Map<number, number>();
  for (const job of jobs) {
    const level = Math.max(-1, ...job.needs.map(({ number }) => levelOf.get(number ?? -1) ?? -1)) + 1;
    levelOf.set(job.number, level);
    (levels[level] ??= []).push(job);
  }
  return levels;
}

/** The first of a level alone: where Slurm refuses it, the others are not asked for. */
function renderSubmissions(level: readonly RenderedJob[]): string {
  const [first, ...rest] = level.map(renderSubmission);
  const together =
    rest.length < 2
      ? ""
      : `ask_together ${level
          .slice(1)
          .map(({ number }) => number)
          .join(" ")}\n`;
  return [...level.map(renderQuestion), first, together, ...rest].join("");
}

/** What asks for a job, on the ids that count for now. */
function renderQuestion(job: RenderedJob): string {
  const { number, directory, command } = job;
  return `ask_${number}() {
needs=$outside_${number}
${renderInnerNeeds(job)}ask_sbatch ${quoteShell(directory)} ${command}
}
`;
}

function renderSubmission({ number, name, token }: RenderedJob): string {
  return `if [ -n "\${instance_${number}-}" ]; then submit ${number} ${quoteShell(name)} ${quoteShell(token)}; id_${number}=$id sent_${number}=$id doubt_${number}=$doubt; fi\n`;
}

const dependencyTypes: Readonly<Record<DependencyType, string>> = {
  ok: "afterok",
  notok: "afternotok",
  any: "afterany",
  corresponding: "aftercorr",
};

function renderOutsideNeed(
  { job, type, number, experiment }: RenderedJob["needs"][number],
  { number: own, plan }: RenderedJob,
): string {
  if (number !== undefined) return "";
  const directory = `runs/${experiment ?? plan.experiment}/${job}`;
  const name = experiment === undefined ? job : `${experiment}/${job}`;
  return `  need ${own} ${type} ${dependencyTypes[type]} ${quoteShell(name)} ${quoteShell(directory)}\n`;
}

function renderInnerNeeds({ needs }: RenderedJob): string {
  return needs
    .map(({ type, number }) => (number === undefined ? "" : `  add_need "${dependencyTypes[type]}:$id_${number}"\n`))
    .join("");
}

/** The environment is a clean one already: what `env` would take away is not there. */
function renderCommand(plan: JobPlan, settings: SubmitScriptOptions["settings"]): string {
  const whole = sbatchCommand({ token: plan.token, settings });
  const command = whole.slice(whole.indexOf("sbatch"));
  const waiting = '${needs:+"--dependency=$needs" --kill-on-invalid-dep=yes}';
  return [quoteCommand(command.slice(0, -1)), waiting, quoteCommand(command.slice(-1))].join(" ");
}

/** In the order of the jobs: whoever submits the same graph at the same time commits the same jobs first. */
function renderCommit(job: RenderedJob): string {
  const { number, directory, commit, name, token } = job;
  return `if [ -n "\${instance_${number}-}" ]; then
${renderWaiting(job)}  commit_lease ${number} "$instance_${number}" ${quoteShell(token)} "$id_${number}"
  commit_try ${quoteShell(commit)} ${quoteShell(token)} "$id_${number}"
  id_${number}=$id
${tryOf(token) > 1 ? `  rm -f ${quoteShell(directory)}/try-*/secrets\n` : ""}  [ -z "$doubt_${number}" ] || find_twins ${quoteShell(name)} ${quoteShell(token)} "$id_${number}"
fi
[ -e ${quoteShell(directory)}/released ] || set -- "$@" "$id_${number}"
`;
}

/** When another job of a needed token counts than the one that is waited for; what a job waits for that somebody else submitted, nobody knows. */
function renderWaiting(job: RenderedJob): string {
  const { number, needs } = job;
  const numbers = needs.flatMap((need) => need.number ?? []);
  if (numbers.length === 0) return "";
  const [sent, counting] = [numbers.map((each) => `$sent_${each}`), numbers.map((each) => `$id_${each}`)];
  return `  if [ -n "$doubt_${number}" ] || [ "${sent.join(" ")}" != "${counting.join(" ")}" ]; then
  needs=$outside_${number}
${renderInnerNeeds(job)}  wait_for "$id_${number}" "$needs" ${quoteShell(job.commit)} ${quoteShell(job.token)}
  fi
`;
}
