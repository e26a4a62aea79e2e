import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, statfs, writeFile } from "node:fs/promises";
import path from "node:path";

import type { DueOutcome } from "@slipway/cleaner";
import type { ClusterConfig } from "@slipway/config";
import { makeFolder } from "@slipway/core";
import type { Transport } from "@slipway/core";

import { cacheDirectory, readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { cleanerName } from "./clean-name.ts";
import { knownExperiments, localPlace, openHere, placeOf } from "./place.ts";
import type { Place } from "./place.ts";
import { cleanSettings, resolvePolicy } from "./policy.ts";

export interface Submission {
  /** Absent for this machine without a file. */
  readonly config?: ClusterConfig | undefined;
  /** The submission's own connection; absent for this machine. */
  readonly transport?: Transport | undefined;
}

/** A prompt that comes back late is worse than a store that is cleaned tomorrow. */
const budgetMs = 3_000;

/**
 * Cleans beside the rest of a run, where that is due; disposing waits no longer than the budget, then cuts it off, which is safe at any
 * moment. What it needs is loaded only then. What fails here fails nothing: `doctor` tells how the store is.
 */
export function cleanAfterSubmission(submission: Submission, context: Context): AsyncDisposable {
  const stop = new AbortController();
  const work = cleanWhereDue(submission, { ...context, signal: AbortSignal.any([context.signal, stop.signal]) });
  const ended = work.then(
    (outcome) => tell(outcome, context),
    () => {},
  );
  return {
    async [Symbol.asyncDispose]() {
      const timer = setTimeout(() => stop.abort(new Error("The time to clean beside a run is up")), budgetMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

async function cleanWhereDue({ config, transport }: Submission, context: Context): Promise<DueOutcome | undefined> {
  const place = config === undefined ? localPlace(context) : placeOf(config, context);
  if (place.scheduler === "slurm" && transport === undefined) return undefined;
  const settings = await cleanSettings(place, context);
  if (settings.auto === false) return undefined;
  const here = { jobDir: place.jobDir, settings };
  if (!(place.scheduler === "local" ? await mayBeDueHere(here) : await mayBeDue(place, transport, context))) {
    return undefined;
  }
  const { cleanIfDue } = await import("@slipway/cleaner");
  const policy = await resolvePolicy({}, settings);
  const experiments = knownExperiments(await readRecords(context), place);
  const options = { ...place, policy, experiments, by: cleanerName(context), signal: context.signal };
  if (place.scheduler === "slurm" && transport) return cleanIfDue({ ...options, transport });
  await using own = await openHere(context);
  return await cleanIfDue({ ...options, transport: own });
}

/** Without asking a shell: most runs of a day end here. */
async function mayBeDueHere({ jobDir, settings }: Pick<Place, "jobDir" | "settings">): Promise<boolean> {
  const today = new Date().toISOString().slice(0, 10);
  if (!existsSync(path.join(jobDir, "store/cleaned", `${today}.jsonl`)) || hasLimit(settings)) return true;
  const { bavail, blocks, ffree, files } = await statfs(jobDir);
  const { isNearlyFull } = await import("@slipway/cleaner");
  return isNearlyFull({
    freeBytes: bavail,
    totalBytes: blocks,
    freeInodes: ffree,
    ...(files > 0 && { totalInodes: files }),
  });
}

function hasLimit({ maxBytes, maxInodes }: Place["settings"]): boolean {
  return maxBytes !== undefined || maxInodes !== undefined;
}

/** This client asks a cluster's store once an hour at most. */
async function mayBeDue({ jobDir }: Place, transport: Transport | undefined, context: Context): Promise<boolean> {
  const key = createHash("sha256")
    .update(JSON.stringify([transport?.host, jobDir]))
    .digest("hex")
    .slice(0, 32);
  const file = path.join(cacheDirectory(context), "clean", key);
  const hour = new Date().toISOString().slice(0, 13);
  if ((await readFile(file, "utf8").catch(() => "")) === hour) return false; // Not there: it was never asked.
  makeFolder(path.dirname(file));
  await writeFile(file, hour);
  return true;
}

async function tell(outcome: DueOutcome | undefined, { stderr }: Context): Promise<void> {
  if (outcome?.kind !== "cleaned") return;
  const copies = outcome.result.removed.filter(({ kind }) => kind === "code");
  if (copies.length === 0) return;
  const { count, formatBytes } = await import("../report/text.ts");
  const bytes = copies.reduce((sum, each) => sum + each.bytes, 0);
  stderr.write(`cleaned: ${count(copies.length, "copy", "copies")} of old code (${formatBytes(bytes)}) to the trash\n`);
}
