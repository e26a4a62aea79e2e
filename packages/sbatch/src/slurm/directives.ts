import { assertPassable } from "../environment.ts";
import { SbatchError } from "../error.ts";

/** A value for an option of sbatch: `true` a bare flag, `false` none, a list joined by commas. */
export type SlurmOptionValue = string | number | boolean | readonly (string | number)[];

/** Options of sbatch by their long names, without `--`. */
export type SlurmOptions = Readonly<Record<string, SlurmOptionValue | undefined>>;

/**
 * One `#SBATCH` line, as sbatch's lexer reads it back exactly: in double quotes a backslash escapes whatever follows; a line break cannot be
 * written, and is refused. Throws SBATCH_INVALID_NAME and SBATCH_INVALID_VALUE. Source: Slurm's src/sbatch/opt.c, get_argument().
 */
export function renderDirective(name: string, value: SlurmOptionValue): string {
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(name)) {
    throw new SbatchError("SBATCH_INVALID_NAME", `${JSON.stringify(name)} is not the name of an option of sbatch`, {
      hint: "Write the long name without the dashes: partition, mem-per-cpu",
    });
  }
  if (value === true) return `#SBATCH --${name}\n`;
  const text = optionText(value);
  assertPassable(text, `The sbatch option ${name}`);
  if (/[\r\n]/.test(text)) {
    throw new SbatchError(
      "SBATCH_INVALID_VALUE",
      `The sbatch option ${name} has a line break: ${JSON.stringify(text)}`,
      {
        hint: "No #SBATCH line can hold one",
      },
    );
  }
  return `#SBATCH --${name}="${text.replaceAll(/["\\]/g, String.raw`\$&`)}"\n`;
}

export function optionText(value: SlurmOptionValue): string {
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** What people look for first; the rest follows by name. */
const order = [
  "job-name",
  "account",
  "partition",
  "qos",
  "reservation",
  "array",
  "nodes",
  "ntasks",
  "ntasks-per-node",
  "cpus-per-task",
  "gpus",
  "gpus-per-node",
  "gres",
  "mem",
  "mem-per-cpu",
  "mem-per-gpu",
  "constraint",
  "exclusive",
  "time",
  "signal",
  "requeue",
  "no-requeue",
  "output",
  "open-mode",
  "mail-type",
  "mail-user",
];

export function renderDirectives(options: SlurmOptions): string {
  return Object.entries(options)
    .toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([name, value]) => (value === undefined || value === false ? "" : renderDirective(name, value)))
    .join("");
}

function rank(name: string): number {
  const position = order.indexOf(name);
  return position < 0 ? order.length : position;
}
