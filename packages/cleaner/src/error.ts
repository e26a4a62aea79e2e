import { SlipwayError } from "@slipway/core";

export type CleanerErrorCode =
  | "CLEANER_EXPERIMENT_NEEDED"
  | "CLEANER_EXPERIMENT_NOT_FOUND"
  | "CLEANER_LAYOUT_DAMAGED"
  | "CLEANER_NOT_A_NEMO_HOME"
  | "CLEANER_NO_ANSWER"
  | "CLEANER_UNSAFE_ROOT";

export class CleanerError extends SlipwayError<CleanerErrorCode> {}
