import { existsSync } from "node:fs";

import type { ExperimentRecord } from "@slipway/core";

import { homeDirectory } from "../compose.ts";
import type { Context } from "../context.ts";
import { openHere } from "./place.ts";

/** When and why a cleaner took an experiment's code away from this machine, in words; undefined while it is there. */
export async function describeGoneCode(
  { cluster, code }: ExperimentRecord,
  context: Context,
): Promise<string | undefined> {
  if (cluster !== "local" || existsSync(code.directory)) return undefined;
  const back = "the same files, run again, bring it back";
  const instance = /\/([0-9a-f]{64}\.[A-Za-z0-9]+)\/tree$/.exec(code.directory)?.[1];
  if (instance === undefined || !existsSync(homeDirectory(context))) return `gone; ${back}`;
  const { readJournal } = await import("@slipway/cleaner");
  await using transport = await openHere(context);
  const entries = await readJournal({
    transport,
    jobDir: homeDirectory(context),
    about: instance,
    signal: context.signal,
  });
  const entry = entries.findLast(({ kind }) => kind === "code");
  return entry === undefined
    ? `gone, and no cleaner has taken it; ${back}`
    : `cleaned on ${entry.at} by ${entry.by}: ${entry.why}; ${back}`;
}
