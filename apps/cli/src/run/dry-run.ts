import type { Bundle, Executor, Experiment, JobPlan } from "@slipway/core";

import type { Context } from "../context.ts";
import { printJson } from "../json.ts";
import { formatBytes } from "../report/text.ts";

export interface DryRun {
  readonly experiment: Experiment;
  readonly bundle: Bundle;
  readonly executor: Executor;
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly cluster: string;
  readonly json?: true | undefined;
}

/** Prints the exact scripts and what would travel; nothing is stored, recorded or started. */
export async function dryRun(
  { experiment, bundle, executor, secrets, cluster, json }: DryRun,
  context: Context,
): Promise<void> {
  const { planExperiment } = await import("@slipway/experiment");
  const { digest, manifest } = bundle;
  const code = { digest, directory: `<${digest.slice(0, 12)}>`, uploadedBytes: 0 };
  const plans = planExperiment({ experiment, id: "EXPERIMENT", executor, bundle, code, secrets });
  if (json) {
    return printJson(context.stdout, {
      dryRun: true,
      cluster,
      digest,
      bytes: manifest.bytes,
      jobs: plans.map(planDocument),
    });
  }
  for (const plan of plans) {
    context.stdout.write(scriptOf(plan));
    for (const warning of plan.warnings) context.stderr.write(`warning: ${plan.job.name}: ${warning}\n`);
  }
  context.stderr.write(`digest ${digest}, at most ${formatBytes(manifest.bytes)} to copy; nothing was touched\n`);
}

function planDocument(plan: JobPlan): object {
  const { job, token, warnings } = plan;
  return { name: job.name, token, script: scriptOf(plan), warnings };
}

function scriptOf({ files, script }: JobPlan): string {
  const file = files.find(({ path }) => path === script);
  if (!file) throw new Error(`The plan has no ${script}`);
  return file.content;
}
