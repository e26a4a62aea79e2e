import { SlipwayError } from "@slipway/core";

export type CliErrorCode =
  | "CLI_USAGE"
  | "CLI_NOT_THERE"
  | "CLI_CODE_GONE"
  | "CLI_PULL_FAILED"
  | "CLI_CODE_DAMAGED"
  | "CLI_CANNOT_WRITE";

/** Wrong use of the command line, and what it names but is not there. */
export class CliError extends SlipwayError<CliErrorCode> {}
