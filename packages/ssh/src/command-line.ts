import { quoteCommand, quoteShell } from "@slipway/core";

import { SshError } from "./error.ts";

export interface CommandLineOptions {
  /** Letters and digits that no output can hold by chance. */
  readonly nonce: string;
  readonly preCommand?: string | undefined;
  /** Whether the output itself tells the exit code at its end. */
  readonly endsInFrame: boolean;
}

/**
 * The line for a login shell, whichever it is: bash, zsh, fish, tcsh, dash read it alike. It becomes `/bin/sh`, which marks
 * where the command's output begins, on both streams, and tells its own process id: sshd made it the leader of a group.
 */
export function renderCommandLine(argv: readonly string[], options: CommandLineOptions): string {
  const script = `c=$(printf %b "$2"); ${startScript} ${options.endsInFrame ? framedScript : replacingScript}`;
  const line = renderShellLine(script, options, ` '${escapeForShells(quoteCommand(argv))}'`);
  if (Buffer.byteLength(line) > limitBytes) {
    throw new SshError("SSH_COMMAND_TOO_LONG", `The command ${JSON.stringify(argv[0] ?? "")} has too long arguments`, {
      hint: "Pass what is long through standard input.",
      details: { bytes: Buffer.byteLength(line), limitBytes },
    });
  }
  return line;
}

/** The same for a shell whose command is not known yet: it comes as the first line of its input, see `renderSpareInput`. */
export function renderSpareLine(options: Omit<CommandLineOptions, "endsInFrame">): string {
  return renderShellLine(`n=\${IFS#??}; IFS= read -r c || exit 1; ${startScript} eval "$c"`, options, "");
}

/**
 * What a shell of `renderSpareLine` reads. Line ends stand in quotes, and become its variable n: IFS ends in one. It is what `sh -c` would
 * start, so that a script needs no other.
 */
export function renderSpareInput(argv: readonly string[]): string {
  const [program, option, script, name, ...rest] = argv;
  const isScript = program === "sh" && option === "-c" && script !== undefined && name === "sh";
  const line = isScript
    ? `set -- ${quoteCommand([script, ...rest])}; unset c n; eval "shift; $1"`
    : `exec ${quoteCommand(argv)}`;
  return `${line.replaceAll("\n", `'"$n"'`)}\n`;
}

function renderShellLine(
  script: string,
  { nonce, preCommand }: Pick<CommandLineOptions, "nonce" | "preCommand">,
  command: string,
): string {
  const line = `exec /bin/sh -c '${script}' sh ${nonce}${command}`;
  return preCommand === undefined ? line : `eval ${quoteShell(preCommand)} </dev/null && ${line}`;
}

/** MAX_ARG_STRLEN of Linux is 131,072 (execve(2)), and the login shell gets the line as one argument. */
const limitBytes = 131_000;

// In single quotes of four kinds of shell: no ', no !, no newline, no \\ may stand in these.
const startScript = 'echo "slipway-$1-start $$"; echo "slipway-$1-start" >&2;';
const replacingScript = 'eval "exec $c"';
const framedScript = '(eval "exec $c"); s=$?; echo "slipway-$1-end" >&2; echo "slipway-$1-end $s"; exit "$s"';

/**
 * Text for POSIX `printf %b` in which nothing is left that a login shell could read otherwise inside single quotes: fish
 * knows `\\` and `\'` there, csh `!` and newlines, and some trip over bytes of another character set.
 */
export function escapeForShells(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  let escaped = "";
  for (const [index, byte] of bytes.entries()) {
    if (isPlain(byte)) escaped += String.fromCharCode(byte);
    else escaped += `\\0${byte.toString(8).padStart(isOctalDigit(bytes[index + 1]) ? 3 : 1, "0")}`;
  }
  return escaped;
}

function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f && byte !== 0x21 && byte !== 0x27 && byte !== 0x5c;
}

function isOctalDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x37;
}
