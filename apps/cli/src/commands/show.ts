import { Command } from "@commander-js/extra-typings";
import type { Command as JobCommand, Dependency, ExperimentRecord, JobArray, RecordedJob } from "@slipway/core";

import type { Gone } from "../cleaning/gone.ts";
import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { printJson, jobDocument } from "../json.ts";
import { describeJob } from "../report/status.ts";
import { count, formatBytes, hasColor, paint, stateText } from "../report/text.ts";
import type { JobRecordDocument } from "../show/job-records.ts";
import { pollAll } from "../statuses.ts";

export function showCommand(context: Context) {
  return new Command("show")
    .description("show the record of an experiment: command, code, jobs, attempts, paths")
    .argument("<EXP[/JOB]>", "an experiment's id, the beginning of one, or its name")
    .option("--json", "print the record and the jobs' statuses as one JSON document")
    .action(async (words, { json }) => {
      const { findExperiment } = await import("@slipway/experiment");
      const { record, jobs } = findExperiment(words, await readRecords(context));
      const { describeAttempts, readJobRecords } = await import("../show/job-records.ts");
      const { describeGone } = await import("../cleaning/gone.ts");
      let records: ReadonlyMap<string, JobRecordDocument> = new Map();
      let gone: Gone = { runDirs: new Map() };
      const [status] = await pollAll([{ ...record, jobs }], context, async (transport, [known]) => {
        records = await readJobRecords(known?.jobs ?? jobs, transport, context.signal);
        gone = await describeGone({ code: record.code, jobs: known?.jobs ?? jobs }, transport, context.signal);
      });
      const statuses = new Map(status?.jobs.map((job) => [job.name, job]));
      if (json) {
        const documents = jobs.map((job) => ({
          ...job,
          status: jobDocument(statuses.get(job.name) ?? unknown(job)),
          record: records.get(job.name),
          gone: gone.runDirs.get(job.name),
        }));
        return printJson(context.stdout, { ...record, state: status?.state, gone: gone.code, jobs: documents });
      }
      const { quoteCommand } = await import("@slipway/core");
      const color = hasColor(context.stdout, context.env);
      const lines = [...experimentLines(record), ...(gone.code === undefined ? [] : [`code gone   ${gone.code}`])];
      for (const job of jobs) {
        const jobStatus = statuses.get(job.name) ?? unknown(job);
        lines.push(
          "",
          `${paint(job.name, "bold", color)}  ${stateText(jobStatus.state, color)}  ${describeJob(jobStatus)}`.trimEnd(),
        );
        lines.push(...jobLines(job, quoteCommand));
        if (gone.runDirs.has(job.name)) lines.push(`  gone      ${gone.runDirs.get(job.name)}`);
        lines.push(...describeAttempts(records.get(job.name) ?? {}).map((line) => `  ${line}`));
        for (const { at, source, value } of jobStatus.evidence) lines.push(`  evidence  ${at}  ${source}: ${value}`);
      }
      const { stripControlCharacters } = await import("@slipway/core");
      context.stdout.write(`${lines.map((line) => (color ? line : stripControlCharacters(line))).join("\n")}\n`);
    });
}

function unknown({ name }: RecordedJob) {
  return { name, state: "unknown", attempt: 1, evidence: [] } as const;
}

function experimentLines({ id, name, cluster, createdAt, cwd, code, rerunOf }: ExperimentRecord): string[] {
  const { commit, branch, remote, dirty, digest, files, bytes, rule, root, directory } = code;
  const lines = [
    `experiment  ${id} (${name}), ${createdAt}`,
    `cluster     ${cluster}`,
    `from        ${cwd}`,
    `code        ${digest}`,
    `            ${count(files, "file")}, ${formatBytes(bytes)}, by rule ${rule} from ${root}`,
    `            ${directory}`,
  ];
  if (commit !== undefined) {
    lines.push(
      `commit      ${commit}${branch === undefined ? "" : ` on ${branch}`}${dirty ? ", with uncommitted changes" : ""}`,
    );
  }
  if (rerunOf !== undefined) lines.push(`runs again  ${rerunOf}`);
  if (remote !== undefined) lines.push(`remote      ${remote}`);
  return lines;
}

function jobLines(job: RecordedJob, quote: (argv: readonly string[]) => string): readonly string[] {
  const lines = [`  command   ${commandText(job.command, quote)}`];
  for (const { name, command } of job.group ?? []) lines.push(`    .${name.padEnd(7)} ${commandText(command, quote)}`);
  if (job.array) lines.push(`  array     ${count(job.array.indices.length, "element")}${arrayText(job.array)}`);
  if (job.needs.length > 0) lines.push(`  needs     ${job.needs.map(needText).join(", ")}`);
  if (job.runDirOf !== undefined) lines.push(`  goes on   in the run directory of ${job.runDirOf}`);
  if (job.retries) lines.push(`  retries   ${pairs(job.retries)}`);
  if (job.warning) lines.push(`  warning   ${job.warning.signalName}, ${job.warning.secondsBefore} s before the limit`);
  if (job.container !== undefined) lines.push(`  container ${job.container}`);
  if (job.mounts && job.mounts.length > 0) lines.push(`  mounts    ${job.mounts.join(" ")}`);
  if (job.launcher !== undefined) lines.push(`  launcher  ${job.launcher}`);
  if (job.workdir !== undefined) lines.push(`  workdir   ${job.workdir}`);
  if (job.sbatch) lines.push(`  sbatch    ${pairs(job.sbatch)}`);
  const resources = Object.entries(job.resources).map(([key, value]) => `${key} ${value}`);
  if (resources.length > 0) lines.push(`  resources ${resources.join(", ")}`);
  const env = Object.keys(job.env);
  if (env.length > 0) lines.push(`  env       ${env.join(" ")}`);
  if (job.secrets.length > 0) lines.push(`  secrets   ${job.secrets.join(" ")} (values are not recorded)`);
  if (job.handle) lines.push(`  run dir   ${job.handle.runDir}`);
  return lines;
}

function needText({ job, type, experiment }: Dependency): string {
  return `${experiment === undefined ? "" : `${experiment}/`}${job} (${type})`;
}

function arrayText({ maxRunning }: JobArray): string {
  return maxRunning === undefined ? "" : `, ${maxRunning} at a time`;
}

function pairs(values: object): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(", ");
}

function commandText(command: JobCommand, quote: (argv: readonly string[]) => string): string {
  return command.kind === "argv" ? quote(command.argv) : command.lines.join("\n            ");
}
