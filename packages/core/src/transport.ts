/** Bytes for a command's standard input. */
export type Input = string | Uint8Array | AsyncIterable<Uint8Array>;

export interface ExecOptions {
  readonly stdin?: Input | undefined;
  /** Ends the command; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Receives standard output as it comes, in place of `ExecResult.stdout`, which is then empty. */
  readonly onStdout?: ((bytes: Uint8Array) => void) | undefined;
}

export interface ExecResult {
  /** Undefined when a signal ended the command. */
  readonly exitCode: number | undefined;
  /** The signal's name (`SIGKILL`), when one ended the command. */
  readonly signal?: string;
  readonly stdout: Uint8Array;
  /** Untrusted text, at most its last 64 KiB. */
  readonly stderr: string;
}

/** Runs commands and moves bytes on one host. The local machine is a transport too. */
export interface Transport extends AsyncDisposable {
  /** The host's name for people; `local` for this machine. */
  readonly host: string;
  /**
   * Runs one command; never through a shell of its own accord. Resolves whatever its exit code.
   * Rejects when the command could not be started or its end could not be learned.
   */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
}
