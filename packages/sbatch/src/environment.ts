import { isEnvironmentName, quoteShell } from "@slipway/core";

import { SbatchError } from "./error.ts";

/**
 * Variables as lines that a POSIX shell reads (`export NAME='value'`), byte for byte.
 * Throws SBATCH_INVALID_NAME for what is no variable's name, SBATCH_INVALID_VALUE for a value that no process can be given.
 */
export function renderEnvironment(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => {
      if (!isEnvironmentName(name)) {
        throw new SbatchError("SBATCH_INVALID_NAME", `${JSON.stringify(name)} is not the name of a variable`, {
          hint: "Use letters, digits and underscores, first a letter or an underscore",
        });
      }
      // The value may be a secret: it is never told.
      assertPassable(value, `The value of ${name}`, `${name}=`);
      return `export ${name}=${quoteShell(value)}\n`;
    })
    .join("");
}

/** Variables that a shell sets by itself or refuses to set: bash(1) "Shell Variables", dash(1), busybox ash. */
const kept =
  /^(?:_|PWD|OLDPWD|PPID|UID|EUID|GROUPS|IFS|OPTIND|OPTARG|OPTERR|LINENO|RANDOM|SRANDOM|SECONDS|EPOCHSECONDS|EPOCHREALTIME|SHELLOPTS|BASHOPTS|BASHPID|BASH_.*|SHLVL|FUNCNAME|DIRSTACK|PIPESTATUS|HISTCMD|COMP_.*|POSIXLY_CORRECT|slipway_.*)$/;

/** True for a variable whose value may not arrive, because the shell that starts the job keeps its own. */
export function isKeptByShell(name: string): boolean {
  return kept.test(name);
}

/** What Linux passes on as one argument or one `NAME=value`, with the NUL at its end: MAX_ARG_STRLEN of execve(2). */
const mostBytes = 131_072;

/** Throws SBATCH_INVALID_VALUE for text that cannot be an argument or, behind `NAME=`, a variable's value in UTF-8. */
export function assertPassable(text: string, what: string, prefix = ""): void {
  if (text.includes("\0")) {
    throw new SbatchError("SBATCH_INVALID_VALUE", `${what} contains a NUL character, which no process can be given`);
  }
  if (Buffer.from(text, "utf8").toString("utf8") !== text) {
    throw new SbatchError(
      "SBATCH_INVALID_VALUE",
      `${what} contains half of a surrogate pair, which is not a character`,
    );
  }
  const bytes = Buffer.byteLength(`${prefix}${text}\0`);
  if (bytes > mostBytes) {
    throw new SbatchError(
      "SBATCH_INVALID_VALUE",
      `${what} has ${bytes} bytes; a process is given at most ${mostBytes}`,
      {
        hint: "Write it into a file that the job reads",
      },
    );
  }
}
