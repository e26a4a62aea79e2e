import { mkdirSync, rmSync } from "node:fs";

import { temporaryDirectory } from "@slipway/testing";
import fc from "fast-check";
import { expect, test } from "vitest";

import { operations, operationsWithDamage, run } from "../../store/test/protocol/run.ts";
import type { Operation } from "../../store/test/protocol/run.ts";
import { Violation } from "../../store/test/protocol/world.ts";
import { openShell } from "../../store/test/shell-session.ts";
import { searchPath } from "../../store/test/transports.ts";
import { CleanedWorld, SimulatedHost, wholeCleaners } from "./protocol/actor.ts";
import type { Mistake } from "./protocol/actor.ts";

/** `SLIPWAY_PROTOCOL_RUNS=100000 SLIPWAY_PROTOCOL_SEED=7 vitest run packages/cleaner/test/protocol` for a long search. */
const wantedRuns = process.env["SLIPWAY_PROTOCOL_RUNS"];
const numRuns = Number(wantedRuns ?? 200);
const limitMs = wantedRuns === undefined ? 15_000 : Number.POSITIVE_INFINITY;
const seed = Number(process.env["SLIPWAY_PROTOCOL_SEED"] ?? 1);
const timeout = Math.max(600_000, numRuns * 2_000);

interface Search extends fc.Parameters<[readonly Operation[]]> {
  readonly limitMs?: number;
}

/** The first promise that is broken in so many runs, shrunk, or undefined; and how many runs there were. */
async function search(mistake: Mistake, arbitrary: fc.Arbitrary<readonly Operation[]>, options: Search) {
  await using folder = await temporaryDirectory();
  await using sh = openShell(folder.path);
  const host = new SimulatedHost(folder.path, searchPath);
  const actors = wholeCleaners(host, mistake);
  let runs = 0;
  const end = Date.now() + (options.limitMs ?? Number.POSITIVE_INFINITY);
  const property = fc.asyncProperty(arbitrary, async (list) => {
    if (Date.now() > end) return;
    const place = `${folder.path}/${runs++}`;
    mkdirSync(place);
    try {
      await run(new CleanedWorld(place, sh), list, actors);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });
  const { failed, errorInstance } = await fc.check(property, options);
  if (failed && !(errorInstance instanceof Violation)) throw errorInstance;
  if (wantedRuns !== undefined) process.stderr.write(`${runs} interleavings\n`);
  return errorInstance instanceof Violation ? errorInstance.message : undefined;
}

test(
  "whatever happens between its commands, no attempt misses its code, and what nobody needs goes",
  { timeout },
  async () => {
    expect(await search({}, operations, { numRuns, seed, limitMs })).toBeUndefined();
  },
);

test("after damage by hand too, for all but the jobs whose code was damaged", { timeout }, async () => {
  expect(await search({}, operationsWithDamage, { numRuns: numRuns / 2, seed, limitMs })).toBeUndefined();
});

/** Each with a seed that finds it soon. */
const mistakes: readonly (readonly [name: string, seed: number, mistake: Mistake])[] = [
  ["only running jobs count", 1, { evidence: "running only" }],
  ["squeue is asked before the leases are seen", 1, { evidence: "older than the leases" }],
  ["an error of squeue is read as an empty list", 1, { evidence: "an error as an empty list" }],
  ["another user's squeue counts", 1, { evidence: "another user's" }],
  [
    "leases are removed with their folder",
    3,
    {
      scripts: [
        ['slipway_step "$1/L" rmdir "$1/L"', 'slipway_step "$1/L" rm -rf "$1/L"'],
        ['step_of("$instance/L", rmdir("$instance/L"))', 'step_of("$instance/L", !system("rm", "-rf", "$instance/L"))'],
      ],
    },
  ],
  [
    "an open instance is moved",
    3,
    {
      scripts: [
        ['slipway_is_gone "$1/code/$2/L" || slipway_refuse "it is open" || return 1', ":"],
        ['return refuse("it is open") unless is_gone("$instance/L");', ""],
      ],
    },
  ],
  [
    "an unfinished upload is deleted in its place",
    11,
    {
      scripts: [
        ['slipway_rename "$1/code/.in-$2" "$1/trash/.del-$3"', 'rm -rf "$1/code/.in-$2/tree"'],
        ['claim_step("store/code/.in-$name", $detail)', 'system("rm", "-rf", "store/code/.in-$name/tree")'],
      ],
    },
  ],
  ["nothing is ever revoked", 1, { keepsIntents: true }],
];

test.each(mistakes)("it breaks when %s", { timeout: 600_000 }, async (_, ownSeed, mistake) => {
  const broken = await search(mistake, operations, { numRuns: 1_000, seed: ownSeed, endOnFailure: true });
  expect(broken).toMatch(/^(S1|S2|S3|L1|L2|the pinned) /);
});
