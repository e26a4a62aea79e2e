import { mkdirSync, rmSync } from "node:fs";

import { temporaryDirectory } from "@slipway/testing";
import fc from "fast-check";
import { expect, test } from "vitest";

import { operations, operationsWithDamage, run } from "./protocol/run.ts";
import type { Operation } from "./protocol/run.ts";
import type { Variant } from "./protocol/variants.ts";
import { Violation, World } from "./protocol/world.ts";
import { namedShells, openShell } from "./shell-session.ts";

/**
 * `SLIPWAY_PROTOCOL_RUNS=20000 SLIPWAY_PROTOCOL_SEED=7 vitest run protocol` for a long search; without, it ends after some seconds.
 * `SLIPWAY_PROTOCOL_SHELL="dash beside perl"` is the fastest of `namedShells`: it starts no process for a step.
 */
const shell = new Map(namedShells).get(process.env["SLIPWAY_PROTOCOL_SHELL"] ?? "dash") ?? ["dash"];
const wantedRuns = process.env["SLIPWAY_PROTOCOL_RUNS"];
const numRuns = Number(wantedRuns ?? 200);
const limitMs = wantedRuns === undefined ? 9_000 : Number.POSITIVE_INFINITY;
const seed = Number(process.env["SLIPWAY_PROTOCOL_SEED"] ?? 1);
const timeout = Math.max(600_000, numRuns * 1_000);

/** The first promise that is broken in so many runs, shrunk, or undefined. */
async function search(
  variant: Variant,
  arbitrary: fc.Arbitrary<readonly Operation[]>,
  options: fc.Parameters<[readonly Operation[]]> & { readonly limitMs?: number },
): Promise<string | undefined> {
  await using folder = await temporaryDirectory();
  await using sh = openShell(
    folder.path,
    shell,
    variant.removal === "rm leases" ? 'slipway_close() { rm -rf "$1/L"; }' : "",
  );
  let runs = 0;
  const end = Date.now() + (options.limitMs ?? Number.POSITIVE_INFINITY);
  const property = fc.asyncProperty(arbitrary, async (list) => {
    if (Date.now() > end) return;
    const place = `${folder.path}/${runs++}`;
    mkdirSync(place);
    try {
      await run(new World(place, sh, variant), list);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });
  const { failed, errorInstance } = await fc.check(property, options);
  if (failed && !(errorInstance instanceof Violation)) throw errorInstance;
  return errorInstance instanceof Violation ? errorInstance.message : undefined;
}

test("whatever happens in whatever order, the promises of the protocol hold", { timeout }, async () => {
  expect(await search({}, operations, { numRuns, seed, limitMs })).toBeUndefined();
});

test("after damage by hand too, for all but the jobs whose code was damaged", { timeout }, async () => {
  expect(await search({}, operationsWithDamage, { numRuns: numRuns / 2, seed, limitMs })).toBeUndefined();
});

/** Each with a seed that finds it soon. */
const variants: readonly (readonly [name: string, seed: number, variant: Variant])[] = [
  ["V1 the lease is taken after sbatch", 1, { leaseAfterSubmit: true, noHold: true }],
  ["V2 a terminal state counts as evidence", 14, { evidence: "terminal" }],
  ["V3 an answer of squeue that is older than the lease counts", 1, { evidence: "older" }],
  ["V4 any answer of squeue counts", 1, { evidence: "any" }],
  ["V5 old code is moved whatever leases it has", 1, { removal: "age" }],
  ["V6 leases are listed, then the code is moved", 21, { removal: "list" }],
  ["V7 the code is moved, looked at again and put back", 21, { removal: "restore" }],
  ["V8 it is looked at before it is leased, and not after", 10, { lookThenLease: true, removal: "restore" }],
  ["V9 the code is deleted in its place", 2, { removal: "in place" }],
  ["V10 rm -rf of the leases", 21, { removal: "rm leases" }],
  ["V11 jobs are not held", 1, { noHold: true }],
  ["V12 the result of the commit is not looked at", 12, { ignoreCommit: true }],
  ["V13 released before the lease is committed", 1, { releaseFirst: true }],
  ["V14 one name for all instances of a digest", 68, { stableName: true }],
  ["V15 a closed instance is renamed back", 84, { renameBack: true }],
  ["V16 uploaded into its final place", 1, { publishInPlace: true }],
  ["V17 an unfinished upload is deleted in its place", 17, { reclaimInPlace: true }],
  ["V18 no exclusive commit record", 1, { noExclusiveCommit: true }],
  ["V19 a lock that is never broken", 10, { removal: "list", lock: "kept" }],
  ["V20 a lock that is broken by age", 19, { removal: "list", lock: "broken by age" }],
  ["V21 the commit record is written before the lease is committed", 1, { commitTryFirst: true }],
  ["V22 submitted again, not held, after a lost answer", 1, { submitAgain: true }],
  ["intents are never revoked", 5, { keepIntents: true }],
];

test.each(variants)("breaks when %s", { timeout: 600_000 }, async (_, ownSeed, variant) => {
  const broken = await search(variant, operations, { numRuns: 2_000, seed: ownSeed, endOnFailure: true });
  expect(broken).toMatch(/^(S1|S2|S3|X1|L1|L2|the pinned) /);
});
