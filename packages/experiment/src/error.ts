import { SlipwayError } from "@slipway/core";

export type ExperimentErrorCode =
  | "EXPERIMENT_INVALID"
  | "EXPERIMENT_CYCLE"
  | "EXPERIMENT_NOT_FOUND"
  | "EXPERIMENT_JOB_NOT_FOUND"
  | "EXPERIMENT_AMBIGUOUS"
  | "EXPERIMENT_RECORD_UNREADABLE"
  | "EXPERIMENT_HOME_NOT_WRITABLE"
  | "EXPERIMENT_DISK_FULL";

export class ExperimentError extends SlipwayError<ExperimentErrorCode> {}
