import { homedir } from "node:os";

import type { Context } from "./context.ts";
import { CliError } from "./error.ts";

/** The user's own folder. Throws CLI_USAGE for a user who has none, as in many containers. */
export function userHome({ env }: Pick<Context, "env">): string {
  if (env["HOME"] !== undefined) return env["HOME"];
  try {
    return homedir();
  } catch (error) {
    throw new CliError("CLI_USAGE", "HOME is not set, and this user has no home folder", {
      hint: "Set HOME, or SLIPWAY_HOME and XDG_CACHE_HOME, to folders that you can write to",
      cause: error,
    });
  }
}
