import { PackagerError } from "../error.ts";

/** Without git a repository is read exactly or not at all. */
export function needsGit(top: string, why: string, cause?: unknown): PackagerError {
  return new PackagerError("PACKAGER_NEEDS_GIT", `${top} cannot be read exactly without git: ${why}`, {
    hint: "Install git, or put it on PATH.",
    ...(cause !== undefined && { cause }),
  });
}
