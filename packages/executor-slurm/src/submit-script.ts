import { quoteCommand, quoteShell } from "@slipway/core";
import type { DependencyType, JobPlan } from "@slipway/core";
import { jobNameOf, sbatchCommand } from "@slipway/sbatch";
import type { SlurmSettings } from "@slipway/sbatch";
import { submitFunctions } from "@slipway/store";

import { submitSteps } from "./submit-steps.ts";

export interface SubmitScriptOptions {
  readonly jobDir: string;
  /** Slurm's ClusterName. */
  readonly clusterName: string;
  /** Letters and digits, never the same twice. */
  readonly nonce: string;
  readonly settings: Pick<SlurmSettings, "jobNamePrefix">;
  /** With dependencies first. */
  readonly plans: readonly JobPlan[];
}

/** One script that submits all jobs, or none. Answers JOB N ID for each, N its place among the plans. */
export function renderSubmitScript({ jobDir, clusterName, nonce, settings, plans }: SubmitScriptOptions): string {
  const numbers = new Map(plans.map((plan, index) => [`${plan.experiment}/${plan.job.name}`, index]));
  const jobs = plans.map((plan, number): RenderedJob => {
    const instance = instanceOf(plan);
    return {
      number,
      directory: `runs/${plan.experiment}/${plan.job.name}`,
      name: jobNameOf(plan.token, settings),
      token: plan.token,
      instance,
      plan,
      command: renderCommand(plan, numbers, settings),
    };
  });
  return [
    'for tool in sbatch squeue scontrol scancel; do command -v "$tool" >/dev/null 2>&1 || fail tool "$tool"; done\n',
    `cd ${quoteShell(jobDir)} || fail folder .\n`,
    `cluster=${quoteShell(clusterName)} nonce=${quoteShell(nonce)}\n`,
    submitFunctions,
    submitSteps,
    ...jobs.map(renderFiles),
    ...jobs.map(renderSubmission),
    "set --\n",
    ...jobs.map(renderCommit),
    '[ $# -eq 0 ] || release "$@"\n',
    ...jobs.map(({ number, directory }) => `: >${quoteShell(directory)}/released; say JOB ${number} "$id_${number}"\n`),
  ].join("");
}

interface RenderedJob {
  readonly number: number;
  readonly directory: string;
  readonly name: string;
  readonly token: string;
  readonly instance: string;
  readonly plan: JobPlan;
  /** Of sbatch, as shell text: ids of dependencies are known only there. */
  readonly command: string;
}

/** `store/code/<instance>/tree`, as `stage` gave it. */
export function instanceOf({ code }: JobPlan): string {
  const instance = /\/store\/code\/([0-9a-f]{64}\.[A-Za-z0-9]{1,64})\/tree$/.exec(code.directory)?.[1];
  if (instance === undefined) throw new TypeError(`Not in a code store: ${code.directory}`);
  return instance;
}

function renderFiles({ number, plan }: RenderedJob): string {
  const writes = plan.files.map(({ path, content, mode }) => {
    const mask = mode === 0o600 ? "umask 077; " : "";
    const file = `"$1"/${quoteShell(path)}`;
    const chmod = mode === 0o600 || mode === 0o644 ? "" : ` && chmod ${mode.toString(8)} ${file}`;
    // A builtin: the content stands in no argument list.
    return `  (${mask}printf %s ${quoteShell(content)} >${file})${chmod} || return 1\n`;
  });
  return `files_${number}() {\n${writes.join("")}}\n`;
}

function renderSubmission(job: RenderedJob): string {
  const { number, directory, name, token, instance, plan, command } = job;
  const words = [plan.experiment, plan.job.name, token].map(quoteShell).join(" ");
  const what = [name, token, directory].map(quoteShell).join(" ");
  return `if slipway_read_try ${quoteShell(directory)}/commit && [ "$slipway_committed_token" = ${quoteShell(token)} ]; then id=\${slipway_committed##*.}; else
  lease ${number} ${quoteShell(instance)} ${quoteShell(token)}
  prepare ${number} ${words}
  submit ${number} ${what} ${command}
  instance_${number}=$instance
fi
id_${number}=$id
`;
}

function renderCommit({ number, directory, token }: RenderedJob): string {
  return `if [ -n "\${instance_${number}-}" ]; then
  commit_lease ${number} "$instance_${number}" ${quoteShell(token)} "$id_${number}"
  commit_try ${quoteShell(directory)} ${quoteShell(token)} "$id_${number}"
  id_${number}=$id
fi
[ -e ${quoteShell(directory)}/released ] || set -- "$@" "$id_${number}"
`;
}

const dependencyTypes: Readonly<Record<DependencyType, string>> = {
  ok: "afterok",
  notok: "afternotok",
  any: "afterany",
};

/** The environment is a clean one already: what `env` would take away is not there. */
function renderCommand(
  plan: JobPlan,
  numbers: ReadonlyMap<string, number>,
  settings: SubmitScriptOptions["settings"],
): string {
  const whole = sbatchCommand({ token: plan.token, settings });
  const command = whole.slice(whole.indexOf("sbatch"));
  const needs = renderNeeds(plan, numbers);
  if (needs === "") return quoteCommand(command);
  const dependency = `"--dependency=${needs}" --kill-on-invalid-dep=yes`;
  return [quoteCommand(command.slice(0, -1)), dependency, quoteCommand(command.slice(-1))].join(" ");
}

function renderNeeds({ experiment, job }: JobPlan, numbers: ReadonlyMap<string, number>): string {
  const items = job.needs.map(({ job: other, type }) => {
    const number = numbers.get(`${experiment}/${other}`);
    if (number === undefined) throw new Error(`${other} is not among the plans`);
    return `${dependencyTypes[type]}:$id_${number}`;
  });
  return items.join(",");
}
