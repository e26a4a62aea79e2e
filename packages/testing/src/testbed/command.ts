import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** 128 + n when signal n ended it, as shells count. */
  readonly exitCode: number;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  /** Runs as this user and group, and in no other group. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  readonly stdin?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Debian's administration commands are not on everybody's PATH. */
export const commandPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };

/** Runs a command to its end, whatever its exit code, with nothing of this process's environment. */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program = "", ...args] = argv;
  options.signal?.throwIfAborted();
  const child = spawn(program, args, {
    env: { PATH: commandPath, LANG: "C.UTF-8", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
    cwd: options.cwd ?? "/",
    ...options.user,
  });
  const onAbort = () => child.kill("SIGKILL");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  child.stdin.on("error", () => {}); // A command need not read its input.
  child.stdin.end(options.stdin ?? "");
  try {
    const ended = new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, name) => resolve(code ?? 128 + (signalNumbers[name ?? ""] ?? 0)));
    });
    const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    options.signal?.throwIfAborted();
    return { stdout, stderr, exitCode };
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

/** The output of a command that must succeed. */
export async function outputOf(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { stdout, stderr, exitCode } = await runCommand(argv, options);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}: ${(stderr || stdout).trim()}`);
  return stdout;
}
