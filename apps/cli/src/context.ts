import type { ReadStream, WriteStream } from "node:tty";

/** All that a command may touch of the outside world. */
export interface Context {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Pick<ReadStream, "isTTY">;
  readonly stdout: OutputStream;
  readonly stderr: WriteStream;
  /** Aborted by the first Ctrl-C, and when standard output is closed. */
  readonly signal: AbortSignal;
  readonly version: string;
  /** A real `import()`, for what users bring; in the bundle the word means a require. */
  readonly importModule: (url: string) => Promise<unknown>;
  /** What stands behind `--`; undefined without one. */
  readonly afterDashes?: readonly string[] | undefined;
}

export interface OutputStream extends Pick<WriteStream, "isTTY" | "columns"> {
  readonly rows?: number | undefined;
  write(text: string | Uint8Array): unknown;
}

/** The signal's reason after Ctrl-C. */
export class Interrupted extends Error {
  override readonly name: string = "Interrupted";
}

/** The signal's reason when nobody reads standard output any more, as behind `| head`. */
export class OutputClosed extends Interrupted {
  override readonly name = "OutputClosed";
}

/** Told the exit code of a command that ended in order. */
export type SetExitCode = (exitCode: number) => void;
