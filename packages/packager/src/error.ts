import { SlipwayError } from "@slipway/core";

export type PackagerErrorCode =
  | "PACKAGER_BAD_NAME"
  | "PACKAGER_BAD_PATTERN"
  | "PACKAGER_BARE_REPOSITORY"
  | "PACKAGER_CANNOT_WRITE"
  | "PACKAGER_CHANGED_WHILE_READING"
  | "PACKAGER_CLASH"
  | "PACKAGER_COMPANION_IS_A_FILE"
  | "PACKAGER_COMPANION_NOT_FOUND"
  | "PACKAGER_DIRTY"
  | "PACKAGER_DISK_FULL"
  | "PACKAGER_EMPTY"
  | "PACKAGER_GIT_FAILED"
  | "PACKAGER_INCLUDE_MATCHES_NOTHING"
  | "PACKAGER_NEEDS_GIT"
  | "PACKAGER_NO_SUCH_COMMIT"
  | "PACKAGER_NOT_A_REPOSITORY"
  | "PACKAGER_SECRET"
  | "PACKAGER_SUBMODULE_MISSING"
  | "PACKAGER_TOO_LARGE"
  | "PACKAGER_UNMERGED"
  | "PACKAGER_UNREADABLE_FILE";

/** What can go wrong while files are listed, packed and written. */
export class PackagerError extends SlipwayError<PackagerErrorCode> {}

/** The `code` of a system error (`ENOENT`), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
