import { tmpdir } from "node:os";
import path from "node:path";

import { isSlipwayError, makeFolder } from "@slipway/core";
import { CommanderError } from "commander";

import { homeDirectory } from "./compose.ts";
import { Interrupted, OutputClosed } from "./context.ts";
import type { Context } from "./context.ts";
import { CliError } from "./error.ts";
import { exitCodeOfError, exitCodes } from "./exit-codes.ts";
import { printJson } from "./json.ts";
import { createProgram } from "./program.ts";
import { errorDocument, renderError } from "./report/errors.ts";

/** The process's entry: takes the world from Node, and leaves it with an exit code. */
export async function runMain(version: string, importModule: Context["importModule"]): Promise<void> {
  const interrupt = new AbortController();
  process.on("SIGINT", () => {
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted);
    interrupt.abort(new Interrupted("Interrupted"));
  });
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      interrupt.abort(new OutputClosed("The output was closed"));
    });
  }
  const { argv, env, stdout, stderr } = process;
  // To make a stream of it takes longer than most commands need, which never look at it.
  const stdin = {
    get isTTY() {
      return process.stdin.isTTY;
    },
  };
  const context = { cwd: process.cwd(), env, stdin, stdout, stderr, signal: interrupt.signal, version, importModule };
  process.exitCode = await main(argv.slice(2), context);
}

/** One command line, without its `slipway`. Resolves with the exit code; prints every error. */
export async function main(argv: readonly string[], context: Context): Promise<number> {
  const { ours, theirs } = splitAtDashes(argv);
  const wantsJson = ours.includes("--json");
  const verbose = ours.includes("--verbose");
  let exitCode: number = exitCodes.success;
  try {
    const program = await createProgram(ours, { ...context, afterDashes: theirs }, (code) => (exitCode = code));
    await program.parseAsync([...ours], { from: "user" });
    return exitCode;
  } catch (error) {
    return reportFailure(error, context, { wantsJson, verbose });
  }
}

/** What follows `run … --` is the job's, options and all. */
function splitAtDashes(argv: readonly string[]): { ours: readonly string[]; theirs?: readonly string[] } {
  const dashes = argv.indexOf("--");
  if (dashes < 0 || argv.find((word) => !word.startsWith("-")) !== "run") return { ours: argv };
  return { ours: argv.slice(0, dashes), theirs: argv.slice(dashes + 1) };
}

interface ReportOptions {
  readonly wantsJson: boolean;
  readonly verbose: boolean;
}

async function reportFailure(error: unknown, context: Context, { wantsJson, verbose }: ReportOptions): Promise<number> {
  if (error instanceof OutputClosed) return exitCodes.success; // The reader has seen enough.
  if (error instanceof Interrupted) {
    context.stderr.write("Interrupted\n");
    return exitCodes.interrupted;
  }
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.success; // --help and --version
    if (wantsJson)
      printJson(context.stdout, errorDocument(new CliError("CLI_USAGE", error.message.replace(/^error: /, ""))));
    return exitCodes.wrongUse;
  }
  if (isSlipwayError(error)) {
    if (wantsJson) printJson(context.stdout, errorDocument(error));
    else context.stderr.write(renderError(error, { verbose }));
    return exitCodeOfError(error.code);
  }
  const file = await writeReport(error, context);
  const message = `slipway: internal error: ${error instanceof Error ? error.message : String(error)}`;
  if (wantsJson) {
    const document = { code: "CLI_INTERNAL", message, hint: `Report it with ${file}`, exitCode: exitCodes.internal };
    printJson(context.stdout, { error: document });
  } else context.stderr.write(`${message}\n  → This is a mistake of slipway's. Please report it with ${file}\n`);
  return exitCodes.internal;
}

/** The stack goes to a file, not to the terminal; without a home that can be written, to the folder for temporary files. */
async function writeReport(error: unknown, context: Context): Promise<string> {
  const { writeFile } = await import("node:fs/promises");
  const name = `crash-${Date.now()}-${process.pid}.txt`;
  const stack = error instanceof Error ? error.stack : String(error);
  const text = `slipway ${context.version}, Node ${process.version}, ${process.platform} ${process.arch}\n${stack}\n`;
  for (const choose of [() => path.join(homeDirectory(context), "reports"), tmpdir]) {
    try {
      const folder = choose();
      makeFolder(folder);
      await writeFile(path.join(folder, name), text);
      return path.join(folder, name);
    } catch {
      // The next folder may do; a report that cannot be written must not hide the error itself.
    }
  }
  return "what is printed here";
}
