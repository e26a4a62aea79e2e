import { SlipwayError } from "@slipway/core";

export type CliErrorCode = "CLI_USAGE";

/** Wrong use of the command line. */
export class CliError extends SlipwayError<CliErrorCode> {}
