import { mkdir, readFile, symlink } from "node:fs/promises";
import path from "node:path";

import type { Inventory } from "@slipway/cleaner";
import { writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { openPlaceUnderTest } from "./place.ts";
import type { PlaceUnderTest } from "./place.ts";

const nameOf = (index: number) => `${String(index).padStart(64, "0")}.n${index}`;

async function own() {
  const stat = await readFile("/proc/self/stat", "latin1");
  const start = stat.slice(stat.lastIndexOf(") ") + 2).split(" ")[19];
  const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  return { start, boot };
}

/** So many run directories that helpers look: in each another mixture of what can be there. */
async function makeRuns({ jobDir }: PlaceUnderTest) {
  const { start, boot } = await own();
  const record = (itsStart: string | undefined, itsBoot: string) =>
    `version=1\npid=${process.pid}\nstart=${itsStart}\nboot=${itsBoot}\nend=1\n`;
  const records: readonly Readonly<Record<string, string>>[] = [
    {},
    { commit: record("1", "another") },
    { commit: record(start, boot) },
    { commit: "version=1\npid=7\n" },
    { "commit/inside": "" },
    { commit: record("1", boot), "attempt-1.group": record("1", "another") },
    { commit: record("1", boot), "array-2.commit": record("1", boot), "array-2.attempt-1.group": record(start, boot) },
  ];
  await writeFiles(jobDir, { "store/layout.json": '{"version":1,"clusterName":"local"}\n' });
  for (const folder of ["store/code", "store/trash"]) await mkdir(path.join(jobDir, folder));
  for (let index = 0; index < 105; index++) {
    const tree = `store/code/${nameOf(index)}/tree`;
    const targets = [`../../../${tree}`, `/a -> b/${tree}`, "/etc", "a -> b", `x\n${tree}`];
    const run = path.join(jobDir, "runs", `e-${index}`, index % 10 === 0 ? "not ours" : "job");
    await mkdir(run, { recursive: true });
    await writeFiles(run, { ...records[index % records.length], ...(index % 2 === 0 && { "job.sh": "" }) });
    if (index % 6 === 0) await mkdir(path.join(run, "code"));
    else await symlink(targets[index % targets.length] ?? "", path.join(run, "code"));
    if (index % 9 === 0) await mkdir(path.join(jobDir, `runs/e-${index}/.new-job.${index}`));
  }
}

/** Without times, and in one order. */
function comparable({ runs, unfinishedRuns, jobs }: Inventory) {
  const timeless = <T>(list: readonly T[]) => list.map((each) => JSON.stringify({ ...each, ageSeconds: 0 })).toSorted();
  if (jobs.kind !== "local") throw new Error(jobs.kind);
  return { runs: timeless(runs), unfinished: timeless(unfinishedRuns), live: timeless(jobs.live) };
}

test.skipIf(process.platform !== "linux")(
  "with Perl and without, the same is told of every run directory",
  async () => {
    const told = async (hasPerl: boolean) => {
      await using place = await openPlaceUnderTest({ scheduler: "local", clusterName: "local", hasPerl });
      await makeRuns(place);
      return comparable(await place.look());
    };
    const perl = await told(true);
    expect(perl).toEqual(await told(false));
    expect([perl.runs.length > 70, perl.live.length > 30, perl.unfinished.length]).toEqual([true, true, 12]);
  },
);
