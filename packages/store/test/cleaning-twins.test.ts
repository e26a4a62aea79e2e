import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Transport } from "@slipway/core";
import { snapshot, temporaryDirectory } from "@slipway/testing";
import fc from "fast-check";
import { expect, test } from "vitest";

import { createCodeStore } from "../src/index.ts";
import type { StepResult, StoreStep } from "../src/index.ts";
import { changed, localTransport, withoutPerl } from "./transports.ts";

const instances = ["a", "b"].map((letter) => `${letter.repeat(64)}.n${letter}`);
const names = ["L/", "L/i.e.k.1/", "L/j.hpc.7/", "L/p.e/", "L/p.e/inside", "L/i.x\ny/", "tree/", "tree/f", "manifest"];
const header = "slipway-manifest 1 files=1 symlinks=0 directories=0 bytes=7\n";

/** Where something lies, and what: a folder, a file, or a link that leads out of the store. */
interface Piece {
  readonly path: string;
  readonly isLink: boolean;
}

const folders = instances.flatMap((instance) => [`code/${instance}/`, `code/.in-${instance}/`, `trash/${instance}/`]);
const piece: fc.Arbitrary<Piece> = fc.record({
  path: fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(fc.constantFrom(...folders), fc.constantFrom("", ...names)).map((parts) => parts.join("")),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "trash/.del-x/",
        "trash/.del-x/tree/f",
        "trash/.del-1/",
        "trash/.del-2",
        "code/other/",
      ),
    },
  ),
  isLink: fc.integer({ min: 0, max: 11 }).map((number) => number === 0),
});

const step: fc.Arbitrary<StoreStep> = fc.tuple(fc.constantFrom(...instances), fc.nat(8)).map(([instance, kind]) => {
  const steps: readonly StoreStep[] = [
    { step: "close", instance },
    { step: "move", instance },
    { step: "purge", instance },
    { step: "reclaim", instance },
    { step: "sweep", name: ".del-x" },
    { step: "revoke", instance, token: "e.k.1" },
    { step: "drop", instance, lease: "j.hpc.7" },
    { step: "pin", instance, experiment: "e" },
    { step: "unpin", instance, experiment: "e" },
  ];
  return steps[kind] ?? { step: "close", instance };
});

async function makeStore(root: string, pieces: readonly Piece[]): Promise<void> {
  for (const folder of ["store/code", "store/trash", "outside/L/j.hpc.7", "outside/tree"]) {
    await mkdir(path.join(root, folder), { recursive: true });
  }
  await writeFile(path.join(root, "store/layout.json"), '{"version":1,"clusterName":"hpc"}\n');
  for (const { path: name, isLink } of pieces) {
    const at = path.join(root, "store", name.replace(/\/$/, ""));
    // What lies in the way of another piece stays.
    await mkdir(path.dirname(at), { recursive: true }).catch(() => {});
    if (isLink) await symlink(path.join(root, "outside"), at).catch(() => {});
    else if (name.endsWith("/")) await mkdir(at).catch(() => {});
    else await writeFile(at, header).catch(() => {});
  }
}

/** What `apply` says and leaves, and what the lists tell before; times and roots left out. */
async function play(root: string, pieces: readonly Piece[], steps: readonly StoreStep[], transport: Transport) {
  await makeStore(root, pieces);
  let calls = 0;
  const store = createCodeStore({ transport, root, clusterName: "hpc", nonce: () => String(++calls) });
  const text = JSON.stringify(await store.contents(), (key, value: unknown) => (key.endsWith("Seconds") ? 0 : value));
  const results = await store.apply(steps);
  const left = Object.entries(await snapshot(root)).map(
    ([name, state]) => `${name} ${state.replace(/ mtimeNs=\d+/, "")}`,
  );
  return { contents: text.replaceAll(root, ""), results, left: left.toSorted() };
}

/** The tools say more than the system's own words. */
function saysTheSame(perl: StepResult, shell: StepResult): boolean {
  if (perl.outcome === "refused" && shell.outcome === "refused") return shell.why.includes(perl.why);
  return perl.outcome === shell.outcome;
}

/** `SLIPWAY_TWIN_RUNS=5000 vitest run packages/store/test/cleaning-twins` for a long search. */
const wantedRuns = process.env["SLIPWAY_TWIN_RUNS"];

/** The first store and steps with which the two differ, as a rejection. */
async function compare(perlOf: (transport: Transport) => Transport): Promise<void> {
  await using folder = await temporaryDirectory();
  await using transport = localTransport();
  const end = Date.now() + 20_000;
  const root = path.join(folder.path, "root");
  const lists = [fc.array(piece, { maxLength: 14 }), fc.array(step, { minLength: 1, maxLength: 9 })] as const;
  const property = fc.asyncProperty(...lists, async (pieces, steps) => {
    if (Date.now() > end && wantedRuns === undefined) return;
    const playOn = async (host: Transport) => {
      await rm(root, { recursive: true, force: true });
      return play(root, pieces, steps, host);
    };
    const perl = await playOn(perlOf(transport));
    const shell = await playOn(withoutPerl(transport));
    expect({ ...perl, results: [] }).toEqual({ ...shell, results: [] });
    const differences = steps.flatMap((each, index) => {
      const [one, other] = [perl.results[index], shell.results[index]];
      return one && other && saysTheSame(one, other) ? [] : [{ each, one, other }];
    });
    expect(differences).toEqual([]);
  });
  await fc.assert(property, { numRuns: Number(wantedRuns ?? 60), seed: 1, endOnFailure: true });
}

test(
  "with Perl and without, the same steps do the same to every store, and the same is listed",
  { timeout: 3_600_000 },
  async () => {
    await expect(compare((transport) => transport)).resolves.toBeUndefined();
  },
);

test("a check that one of them left out would be found", async () => {
  const careless = (transport: Transport) =>
    changed(transport, (argv) => ({ argv: argv.map((word) => word.replace('return refuse("it is open")', "1")) }));
  await expect(compare(careless)).rejects.toThrow("Property failed");
});
