import type { Job } from "@slipway/core";
import { renderSbatchScript } from "@slipway/sbatch";
import type { SbatchScriptOptions, SlurmSettings } from "@slipway/sbatch";

type ScriptOptions = Omit<Partial<SbatchScriptOptions>, "job"> & { readonly job?: Partial<Job> };

export function script({ job: changes, ...options }: ScriptOptions = {}): string {
  const job: Job = { name: "job", command: argv("train"), resources: {}, env: {}, needs: [], ...changes };
  return renderSbatchScript({ experiment: "exp", token: "exp.job.1", job, ...options });
}

export function argv(...words: readonly string[]) {
  return { kind: "argv", argv: words } as const;
}

export function shell(...lines: readonly string[]) {
  return { kind: "shell", lines } as const;
}

export function directives(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.startsWith("#SBATCH"));
}

export function asks(job: Partial<Job>, settings: SlurmSettings = {}): readonly string[] {
  return directives(script({ job, settings }));
}

/** What differs from job to job, without the comments at its top. */
export function own(text: string): string {
  return text.slice(text.indexOf("#SBATCH"), text.indexOf("# --- "));
}

/** The command's line, its parts joined. */
export function command(text: string): string | undefined {
  return /^set -- (.*?)\n\n/ms.exec(text)?.[1]?.replaceAll(" \\\n  ", " ");
}

/** What every job without an array asks for last. */
export const defaults = ["--requeue", '--output="slurm.log"', '--open-mode="append"'].map((each) => `#SBATCH ${each}`);
