/** An `=` only inside an option: at the start of a command line `A=1` would be an assignment. */
const needsNoQuotes = /^(?:[A-Za-z0-9_@%+:,./-]+|--?[A-Za-z][A-Za-z0-9_-]*=[A-Za-z0-9_@%+:,./-]*)$/;

/**
 * One word of a POSIX shell command line, whatever bytes the argument has. The only quoting function in slipway.
 * Source: POSIX.1-2017, XCU 2.2.2 (single quotes). No CR stands right before an LF in it: sbatch refuses scripts where one does.
 * Throws a RangeError on NUL, which no argument can carry.
 */
export function quoteShell(argument: string): string {
  if (argument.includes("\0")) throw new RangeError("An argument cannot contain a NUL character");
  if (needsNoQuotes.test(argument)) return argument;
  return `'${argument.replaceAll("'", `'\\''`).replaceAll("\r\n", "\r''\n")}'`;
}

/** A command line that a POSIX shell splits back into exactly these arguments. */
export function quoteCommand(argv: readonly string[]): string {
  return argv.map(quoteShell).join(" ");
}
