const brand = Symbol.for("@slipway/core.SlipwayError");

export interface SlipwayErrorOptions {
  /** What the user can do now. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** Plain JSON that scripts may read (`error.details` of `--json`). */
  readonly details?: unknown;
}

/**
 * A failure the user can act on. Anything else that is thrown is a bug of ours.
 * `code` is API: prefixed by the package's name, listed in its README, removed only in a major release.
 */
export class SlipwayError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly hint?: string;
  readonly details?: unknown;

  constructor(code: Code, message: string, options: SlipwayErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
    if (options.details !== undefined) this.details = options.details;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** True for every SlipwayError, also for one that another copy of this package made. */
export function isSlipwayError(value: unknown): value is SlipwayError {
  return value instanceof Error && brand in value;
}

/** One mistake in a file, with the place it stands at; lines and columns count from 1. */
export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The key, dotted: `jobs.train.gpus`; empty for the document itself. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}
