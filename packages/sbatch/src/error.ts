import { SlipwayError } from "@slipway/core";

export type SbatchErrorCode =
  | "SBATCH_INVALID_NAME"
  | "SBATCH_INVALID_OPTION"
  | "SBATCH_INVALID_VALUE"
  | "SBATCH_UNREADABLE_OUTPUT";

export class SbatchError extends SlipwayError<SbatchErrorCode> {}
