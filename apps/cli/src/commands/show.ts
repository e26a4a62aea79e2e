import { Command } from "@commander-js/extra-typings";
import type { Command as JobCommand, ExperimentRecord, RecordedJob } from "@slipway/core";

import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { printJson, jobDocument } from "../json.ts";
import { describeJob } from "../report/status.ts";
import { count, formatBytes, hasColor, paint, stateText } from "../report/text.ts";
import { pollAll } from "../statuses.ts";

export function showCommand(context: Context) {
  return new Command("show")
    .description("show the record of an experiment: command, code, jobs, attempts, paths")
    .argument("<EXP[/JOB]>", "an experiment's id, the beginning of one, or its name")
    .option("--json", "print the record and the jobs' statuses as one JSON document")
    .action(async (words, { json }) => {
      const { findExperiment } = await import("@slipway/experiment");
      const { record, jobs } = findExperiment(words, await readRecords(context));
      const [status] = await pollAll([{ ...record, jobs }], context);
      const statuses = new Map(status?.jobs.map((job) => [job.name, job]));
      if (json) {
        const documents = jobs.map((job) => ({ ...job, status: jobDocument(statuses.get(job.name) ?? unknown(job)) }));
        return printJson(context.stdout, { ...record, state: status?.state, jobs: documents });
      }
      const { quoteCommand } = await import("@slipway/core");
      const color = hasColor(context.stdout, context.env);
      const { describeGoneCode } = await import("../cleaning/gone.ts");
      const gone = await describeGoneCode(record, context);
      const lines = [...experimentLines(record), ...(gone === undefined ? [] : [`code gone   ${gone}`])];
      for (const job of jobs) {
        const jobStatus = statuses.get(job.name) ?? unknown(job);
        lines.push(
          "",
          `${paint(job.name, "bold", color)}  ${stateText(jobStatus.state, color)}  ${describeJob(jobStatus)}`.trimEnd(),
        );
        lines.push(...jobLines(job, quoteCommand));
        for (const { at, source, value } of jobStatus.evidence) lines.push(`  evidence  ${at}  ${source}: ${value}`);
      }
      const { stripControlCharacters } = await import("@slipway/core");
      context.stdout.write(`${lines.map((line) => (color ? line : stripControlCharacters(line))).join("\n")}\n`);
    });
}

function unknown({ name }: RecordedJob) {
  return { name, state: "unknown", attempt: 1, evidence: [] } as const;
}

function experimentLines({ id, name, cluster, createdAt, cwd, code }: ExperimentRecord): string[] {
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
  if (remote !== undefined) lines.push(`remote      ${remote}`);
  return lines;
}

function jobLines(job: RecordedJob, quote: (argv: readonly string[]) => string): readonly string[] {
  const lines = [`  command   ${commandText(job.command, quote)}`];
  if (job.needs.length > 0)
    lines.push(`  needs     ${job.needs.map((need) => `${need.job} (${need.type})`).join(", ")}`);
  const resources = Object.entries(job.resources).map(([key, value]) => `${key} ${value}`);
  if (resources.length > 0) lines.push(`  resources ${resources.join(", ")}`);
  const env = Object.keys(job.env);
  if (env.length > 0) lines.push(`  env       ${env.join(" ")}`);
  if (job.secrets.length > 0) lines.push(`  secrets   ${job.secrets.join(" ")} (values are not recorded)`);
  if (job.handle) lines.push(`  run dir   ${job.handle.runDir}`);
  return lines;
}

function commandText(command: JobCommand, quote: (argv: readonly string[]) => string): string {
  return command.kind === "argv" ? quote(command.argv) : command.lines.join("\n            ");
}
