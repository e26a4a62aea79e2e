import { hostname } from "node:os";

import type { Context } from "../context.ts";

/** For the record on the host: who cleans, and from which machine. */
export function cleanerName({ env }: Pick<Context, "env">): string {
  return `${env["USER"] ?? env["LOGNAME"] ?? "unknown"}@${hostname()}`;
}
