import { readFile } from "node:fs/promises";
import path from "node:path";

import type { Context } from "../context.ts";
import { userHome } from "../user-home.ts";

const forwarded = [
  "WANDB_API_KEY",
  "NVIDIA_API_KEY",
  "AZURE_OPENAI_API_KEY",
  "OPENAI_API_KEY",
  "HF_TOKEN",
  "NGC_API_KEY",
] as const;

/**
 * What NeMo-Skills hands to every job, as far as it is there: its API keys, Hugging Face's token also from the file of
 * `huggingface-cli login`, NVIDIA's key also as NGC's. Source: nemo_skills/pipeline/utils/cluster.py.
 */
export async function nemoSkillsSecrets({
  env,
  cwd,
}: Pick<Context, "env" | "cwd">): Promise<Readonly<Record<string, string>>> {
  const set = forwarded.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []));
  const values: Record<string, string> = Object.fromEntries(set);
  const token = values["HF_TOKEN"] ?? (await readToken(env, cwd));
  const ngc = values["NGC_API_KEY"] ?? values["NVIDIA_API_KEY"];
  return { ...values, ...(token !== undefined && { HF_TOKEN: token }), ...(ngc !== undefined && { NGC_API_KEY: ngc }) };
}

/** Undefined where nobody has logged in. */
async function readToken(env: Context["env"], cwd: string): Promise<string | undefined> {
  const folder = env["HF_HOME"] ?? path.join(userHome({ env }), ".cache", "huggingface");
  const text = await readFile(path.resolve(cwd, folder, "token"), "utf8").catch(() => "");
  return text.trim() || undefined;
}
