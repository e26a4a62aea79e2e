import type { ZodMiniType } from "zod/mini";

import type { CleanSettings } from "./cluster-config.ts";
import { bytes, duration, flag, object, optional, wholeNumber } from "./schema.ts";
import { parseBytes, parseDuration } from "./units.ts";

/** `clean` as it is written, in a cluster file and in a project file. */
export interface CleanFile {
  readonly max_age?: string | number;
  readonly max_size?: string | number;
  readonly max_inodes?: number;
  readonly keep_last?: number;
  readonly runs_max_age?: string | number;
  readonly auto?: boolean;
}

export const cleanSchema: ZodMiniType<CleanFile, unknown> = object({
  max_age: optional("Code that nobody has needed for so long may go: 14d.", duration()),
  max_size: optional("Space for code: 50GB.", bytes()),
  max_inodes: optional("Files and directories for code.", wholeNumber(1)),
  keep_last: optional("So many of each project's newest experiments always keep their code.", wholeNumber(0)),
  runs_max_age: optional("Run directories, with logs and outputs, may go so long after they were made.", duration()),
  auto: optional("Whether cleaning happens by itself.", flag()),
});

export function toCleanSettings(clean: CleanFile): CleanSettings {
  const { max_age, max_size, max_inodes: maxInodes, keep_last: keepLast, runs_max_age, auto } = clean;
  return {
    ...(max_age !== undefined && { maxAgeSeconds: parseDuration(String(max_age)) }),
    ...(max_size !== undefined && { maxBytes: parseBytes(String(max_size)) }),
    ...(maxInodes !== undefined && { maxInodes }),
    ...(keepLast !== undefined && { keepLast }),
    ...(runs_max_age !== undefined && { runsMaxAgeSeconds: parseDuration(String(runs_max_age)) }),
    ...(auto !== undefined && { auto }),
  };
}
