import { isErrno } from "./errno.ts";
import { ExperimentError } from "./error.ts";

/** Why a file of the home could not be written, in words. */
export function notWritable(file: string, cause: unknown): ExperimentError {
  if (isErrno(cause, "ENOSPC", "EDQUOT")) {
    return new ExperimentError("EXPERIMENT_DISK_FULL", `No space left to write ${file}`, {
      cause,
      hint: "Free some space",
    });
  }
  return new ExperimentError("EXPERIMENT_HOME_NOT_WRITABLE", `Cannot write ${file}: ${errorText(cause)}`, {
    cause,
    hint: "Make it writable, or set SLIPWAY_HOME to a folder that is",
  });
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
