import { readFile } from "node:fs/promises";
import path from "node:path";

import type { ConfigKind } from "@slipway/config";
import { isSlipwayError } from "@slipway/core";

import { homeDirectory } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { printJson } from "../json.ts";
import { repositoryTop } from "../project.ts";
import { count, renderTable } from "./text.ts";

export async function showConfig(context: Context, { json }: { readonly json: boolean }): Promise<void> {
  const { explainConfig, findProject } = await import("@slipway/config");
  const { cwd, signal } = context;
  const { sources } = await findProject({ cwd, root: repositoryTop(cwd), home: homeDirectory(context), signal });
  const values = explainConfig("project", sources);
  if (json) return printJson(context.stdout, values);
  context.stdout.write(renderTable(values.map(({ path: key, value, origin }) => [key, JSON.stringify(value), origin])));
}

export async function printSchema(context: Context, kind: ConfigKind): Promise<void> {
  const { configSchema } = await import("@slipway/config");
  printJson(context.stdout, configSchema(kind));
}

export interface CheckOptions {
  readonly files: readonly string[];
  readonly kind?: ConfigKind | undefined;
  readonly json: boolean;
}

/** Checks files, or the project's own ones; every mistake of every file is told. */
export async function checkConfig(context: Context, { files, kind, json }: CheckOptions): Promise<void> {
  const checked = files.length === 0 ? await projectFiles(context) : files;
  const failures: Error[] = [];
  for (const file of checked) {
    try {
      const as = await checkFile(file, files.length === 0 ? "project" : kind, context);
      if (!json) context.stdout.write(`${file}: a right ${as} file\n`);
    } catch (error) {
      if (!isSlipwayError(error)) throw error;
      failures.push(error);
    }
  }
  const [only] = failures;
  if (only && failures.length === 1) throw only;
  if (failures.length > 1) await throwAll(failures);
  if (json) return printJson(context.stdout, { checked, mistakes: 0 });
  if (checked.length === 0)
    context.stdout.write("There is no slipway.yaml here and no config.yaml at home: nothing to check\n");
}

async function projectFiles(context: Context): Promise<readonly string[]> {
  const { findProject } = await import("@slipway/config");
  const { cwd, signal } = context;
  const { files } = await findProject({ cwd, root: repositoryTop(cwd), home: homeDirectory(context), signal });
  return files;
}

async function checkFile(
  file: string,
  kind: ConfigKind | undefined,
  { cwd, env, signal }: Context,
): Promise<ConfigKind> {
  const { ConfigError, parseCluster, parseExperiment, parseProject } = await import("@slipway/config");
  let text: string;
  try {
    text = await readFile(path.resolve(cwd, file), { encoding: "utf8", signal });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError("CONFIG_UNREADABLE", `${file} cannot be read: ${why}`, { cause: error });
  }
  const as = kind ?? guessKind(file, text);
  if (as === "project") parseProject(text, file);
  else if (as === "cluster") parseCluster(text, file, env);
  else parseExperiment(text, file);
  return as;
}

/** By the keys that only one kind has at its top, then by the name. */
function guessKind(file: string, text: string): ConfigKind {
  if (/^["']?jobs["']?\s*:/m.test(text)) return "experiment";
  if (/^["']?(?:executor|ssh_tunnel|job_dir|containers)["']?\s*:/m.test(text)) return "cluster";
  if (/^["']?(?:packaging|preset)["']?\s*:/m.test(text) || /^(?:slipway|config)\.ya?ml$/.test(path.basename(file)))
    return "project";
  throw new CliError("CLI_USAGE", `It cannot be told what kind of file ${file} is`, {
    hint: "Say --kind project, cluster or experiment",
  });
}

async function throwAll(failures: readonly Error[]): Promise<never> {
  const { ConfigError } = await import("@slipway/config");
  const diagnostics = failures.flatMap((failure) => (failure instanceof ConfigError ? failure.diagnostics : []));
  const message = `${count(failures.length, "file is", "files are")} not right:\n${failures.map((failure) => failure.message).join("\n")}`;
  throw new ConfigError("CONFIG_INVALID", message, { diagnostics, details: { diagnostics } });
}
