import { rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { makeFolder } from "@slipway/core";

import { Interrupted } from "../context.ts";
import type { Context } from "../context.ts";
import { renderChecks } from "../doctor/checks.ts";
import type { Check } from "../doctor/checks.ts";
import { examine } from "../doctor/examine.ts";
import { CliError } from "../error.ts";
import { repositoryTop } from "../project.ts";
import { hasColor } from "../report/text.ts";

export interface ClusterAnswers {
  readonly host?: string | undefined;
  readonly user?: string | undefined;
  readonly jobDir?: string | undefined;
  readonly account?: string | undefined;
  readonly partition?: string | undefined;
}

/** Writes `cluster_configs/NAME.yaml` and checks it as `doctor` does; a file that is there is never written over, one with which something is wrong stays to be mended. */
export async function initCluster(
  name: string,
  given: ClusterAnswers,
  context: Context,
): Promise<{ readonly isFine: boolean }> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name) || name === "local") {
    throw new CliError("CLI_USAGE", `${JSON.stringify(name)} cannot be a cluster's name`, {
      hint: "Use letters, digits, '_', '.' and '-'",
    });
  }
  const answers = await complete(given, context);
  if (!isAbsolute(answers.jobDir)) {
    throw new CliError("CLI_USAGE", `The job_dir must be absolute, got ${JSON.stringify(answers.jobDir ?? "")}`, {
      hint: "Say --job-dir /path/on/the/cluster",
    });
  }
  const file = path.join(repositoryTop(context.cwd) ?? context.cwd, "cluster_configs", `${name}.yaml`);
  makeFolder(path.dirname(file));
  await writeNew(file, renderClusterFile(answers));
  let checks: readonly Check[];
  try {
    checks = await examine(file, context);
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
  context.stdout.write(renderChecks(checks, hasColor(context.stdout, context.env)));
  const isFine = checks.every(({ result }) => result !== "wrong");
  const next = isFine
    ? `use it with: slipway run --cluster ${name} -- …`
    : `mend what is marked, then look again with: slipway doctor --cluster ${name}`;
  context.stdout.write(`Wrote ${path.relative(context.cwd, file)}; ${next}\n`);
  return { isFine };
}

function isAbsolute(directory: string | undefined): boolean {
  return directory?.startsWith("/") === true;
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    throw new CliError("CLI_USAGE", `${file} is there already`, { hint: "Edit it, or give the cluster another name" });
  }
}

/** Every JSON value is YAML. */
function renderClusterFile({ host, user, jobDir, account, partition }: ClusterAnswers): string {
  const lines = [
    "# How slipway reaches and uses this cluster. All keys: slipway config schema cluster",
    "executor: slurm",
  ];
  const add = (key: string, value: string | undefined, indent = "") => {
    if (value !== undefined) lines.push(`${indent}${key}: ${JSON.stringify(value)}`);
  };
  if (host === undefined) add("job_dir", jobDir);
  else {
    lines.push("ssh_tunnel:");
    add("host", host, "  ");
    add("user", user, "  ");
    add("job_dir", jobDir, "  ");
  }
  add("account", account);
  add("partition", partition);
  return `${lines.join("\n")}\n`;
}

const questions = [
  ["host", "Login node, or an alias of ssh_config (empty: this machine is the login node)"],
  ["user", "User there (empty: as ssh_config says)"],
  ["jobDir", "Directory there for code, records and logs (absolute)"],
  ["account", "Slurm account (empty: the default)"],
  ["partition", "Partition (empty: the default)"],
] as const;

/** Asks for what was not given, where there is a terminal. */
async function complete(given: ClusterAnswers, { stdin, stderr, signal }: Context): Promise<ClusterAnswers> {
  if (!stdin.isTTY || !stderr.isTTY) return given;
  const { isCancel, text } = await import("@clack/prompts");
  const answers: Record<string, string | undefined> = { ...given };
  for (const [key, message] of questions) {
    if (answers[key] !== undefined || (key === "user" && answers["host"] === undefined)) continue;
    const validate = (typed = "") =>
      key === "jobDir" && !isAbsolute(typed) ? "Give it from the top: /lustre/ada/slipway" : undefined;
    const answer = await text({ message, output: stderr, signal, validate });
    signal.throwIfAborted();
    if (isCancel(answer)) throw new Interrupted("Interrupted");
    answers[key] = (answer ?? "") === "" ? undefined : answer;
  }
  return answers;
}
