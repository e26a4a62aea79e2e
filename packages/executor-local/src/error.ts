import { SlipwayError } from "@slipway/core";

import { isErrno } from "./errno.ts";

export type LocalExecutorErrorCode =
  | "EXECUTOR_CODE_GONE"
  | "EXECUTOR_COMMAND_NOT_FOUND"
  | "EXECUTOR_DEPENDENCY_CYCLE"
  | "EXECUTOR_DEPENDENCY_UNKNOWN"
  | "EXECUTOR_DISK_FULL"
  | "EXECUTOR_HOME_NOT_WRITABLE"
  | "EXECUTOR_JOB_NOT_FOUND"
  | "EXECUTOR_RUN_DIR_TAKEN"
  | "EXECUTOR_START_FAILED"
  | "EXECUTOR_TRY_NOT_ENDED"
  | "EXECUTOR_UNKNOWN_SIGNAL";

export class LocalExecutorError extends SlipwayError<LocalExecutorErrorCode> {}

/** Says what a failed write means for the user; what is no matter of disk or permission stays as it is. */
export function explainWriteError(error: unknown, file: string): unknown {
  if (isErrno(error, "ENOSPC", "EDQUOT")) {
    return new LocalExecutorError("EXECUTOR_DISK_FULL", `No space left to write ${file}`, {
      cause: error,
      hint: "Free some space (slipway du shows what uses it), or set SLIPWAY_HOME to a folder on another disk",
    });
  }
  if (isErrno(error, "EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "ENOENT")) {
    return new LocalExecutorError("EXECUTOR_HOME_NOT_WRITABLE", `Cannot write ${file}: ${error.message}`, {
      cause: error,
      hint: "Make it writable, or set SLIPWAY_HOME to a folder that is",
    });
  }
  return error;
}
