import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Transport } from "@slipway/core";
import { findExperiment } from "@slipway/experiment";

import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { findClusterConfig, openClusterTransport } from "./open.ts";

interface OpenScript extends AsyncDisposable {
  readonly transport: Transport;
  /** On the execution host, absolute. */
  readonly file: string;
}

export async function readScript(words: string, context: Context): Promise<string> {
  await using script = await openScript(words, context);
  return await read(script, context);
}

/** Edits a copy here and writes it back when it was changed. */
export async function editScript(words: string, context: Context): Promise<void> {
  const editor = context.env["VISUAL"] ?? context.env["EDITOR"];
  if (editor === undefined || editor === "") {
    throw new CliError("CLI_USAGE", "No editor is set", { hint: "export EDITOR=vi first" });
  }
  await using script = await openScript(words, context);
  const before = await read(script, context);
  const folder = await mkdtemp(path.join(tmpdir(), "slipway-edit-"));
  try {
    const copy = path.join(folder, path.basename(script.file));
    await writeFile(copy, before);
    // An editor is a command line of the user's own, as git and sudoedit take it.
    const { status } = spawnSync("sh", ["-c", `${editor} "$1"`, "sh", copy], { stdio: "inherit" });
    if (status !== 0) throw new CliError("CLI_USAGE", `The editor ended with ${status}; the script stays as it was`);
    const after = await readFile(copy, "utf8");
    if (after === before) return void context.stdout.write("Nothing was changed\n");
    const replace = 'cat >"$1.tmp" && chmod 644 "$1.tmp" && mv -f "$1.tmp" "$1"';
    await run(script.transport, ["sh", "-c", replace, "sh", script.file], context, after);
    context.stdout.write(`Wrote ${script.file}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function openScript(words: string, context: Context): Promise<OpenScript> {
  const { record, jobs } = findExperiment(words, await readRecords(context));
  const [job] = jobs;
  if (!job?.handle || jobs.length !== 1) {
    throw new CliError("CLI_USAGE", `${record.id} has several jobs`, {
      hint: `Say which: ${jobs.map(({ name }) => `${record.id}/${name}`).join(", ")}`,
    });
  }
  const config = await findClusterConfig(record.clusterFile ?? record.cluster, context);
  const transport = await openClusterTransport(config, context);
  const name = config.executor === "slurm" ? "job.sbatch" : "job.sh";
  return {
    transport,
    file: `${job.handle.runDir}/${name}`,
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

function read({ transport, file }: OpenScript, context: Context): Promise<string> {
  return run(transport, ["cat", file], context);
}

async function run(
  transport: Transport,
  argv: readonly string[],
  { signal }: Context,
  stdin?: string,
): Promise<string> {
  const { exitCode, stdout, stderr } = await transport.exec(argv, { stdin, signal });
  if (exitCode === 0) return Buffer.from(stdout).toString("utf8");
  throw new CliError("CLI_NOT_THERE", `The script cannot be reached on ${transport.host}: ${stderr.trim()}`, {
    hint: "Was its run directory removed?",
  });
}
