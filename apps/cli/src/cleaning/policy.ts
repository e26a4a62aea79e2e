import { defaultPolicy } from "@slipway/cleaner";
import type { RetentionPolicy } from "@slipway/cleaner";

import type { Place } from "./place.ts";

/** What the command line says of the policy. */
export interface PolicyOptions {
  readonly maxAge?: string | undefined;
  readonly maxSize?: string | undefined;
  readonly maxInodes?: number | undefined;
  readonly keepLast?: number | undefined;
  readonly runsMaxAge?: string | undefined;
}

/** The command line before the cluster's file before the defaults. */
export async function resolvePolicy(
  options: PolicyOptions,
  { maxAgeSeconds, maxBytes, keepLast }: Place["settings"],
): Promise<RetentionPolicy> {
  const given = await parseOptions(options);
  const base = {
    ...defaultPolicy,
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    ...(maxBytes !== undefined && { maxBytes }),
    ...(keepLast !== undefined && { keepLast }),
  };
  return { ...base, ...given };
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
