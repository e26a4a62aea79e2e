import { defaultPolicy } from "@slipway/cleaner";
import type { RetentionPolicy } from "@slipway/cleaner";
import type { CleanSettings } from "@slipway/config";

import type { Context } from "../context.ts";
import { loadProject } from "../project.ts";
import type { Place } from "./place.ts";

/** What the command line says of the policy. */
export interface PolicyOptions {
  readonly maxAge?: string | undefined;
  readonly maxSize?: string | undefined;
  readonly maxInodes?: number | undefined;
  readonly keepLast?: number | undefined;
  readonly runsMaxAge?: string | undefined;
}

/** What the files say: the project's before the user's before the cluster's. */
export async function cleanSettings({ settings }: Pick<Place, "settings">, context: Context): Promise<CleanSettings> {
  return { ...settings, ...(await loadProject(context)).clean };
}

/** The command line before the files before the defaults. */
export async function resolvePolicy(options: PolicyOptions, settings: CleanSettings): Promise<RetentionPolicy> {
  const { auto: _, ...wanted } = settings;
  return { ...defaultPolicy, ...wanted, ...(await parseOptions(options)) };
}

async function parseOptions(options: PolicyOptions): Promise<Partial<RetentionPolicy>> {
  const { maxAge, maxSize, maxInodes, keepLast, runsMaxAge } = options;
  const { parseBytes, parseDuration } = await import("@slipway/config/light");
  return {
    ...(maxAge !== undefined && { maxAgeSeconds: parseAge(maxAge, parseDuration) }),
    ...(maxSize !== undefined && { maxBytes: parseBytes(maxSize) }),
    ...(maxInodes !== undefined && { maxInodes }),
    ...(keepLast !== undefined && { keepLast }),
    ...(runsMaxAge !== undefined && { runsMaxAgeSeconds: parseAge(runsMaxAge, parseDuration) }),
  };
}

/** `0` is an age too. */
function parseAge(text: string, parse: (text: string) => number): number {
  return /^0+[a-z]*$/.test(text) ? 0 : parse(text);
}
