import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { cleanIfDue, defaultPolicy, isNearlyFull } from "@slipway/cleaner";
import type { RetentionPolicy } from "@slipway/cleaner";
import type { Transport } from "@slipway/core";
import { describe, expect, test } from "vitest";

import { openPlaceUnderTest } from "./place.ts";
import type { PlaceUnderTest } from "./place.ts";

const run = (place: PlaceUnderTest, policy: Partial<RetentionPolicy> = {}, transport: Transport = place.transport) =>
  cleanIfDue({
    transport,
    jobDir: place.jobDir,
    scheduler: "slurm",
    policy: { ...defaultPolicy, maxAgeSeconds: 0, keepLast: 0, ...policy },
    experiments: [],
    by: "ada@laptop",
  });

const today = () => new Date().toISOString().slice(0, 10);

test("it cleans once a day, and not where there is no store", async () => {
  await using place = await openPlaceUnderTest();
  expect(await run(place)).toEqual({ kind: "idle" });
  await place.store.stage(await place.bundle("a"));
  expect(await run(place)).toMatchObject({
    kind: "cleaned",
    because: "daily",
    result: { removed: [{ kind: "code" }] },
  });
  await place.store.stage(await place.bundle("b"));
  expect(await run(place)).toEqual({ kind: "idle" });
  expect(await place.ls("store/code")).toHaveLength(1);
});

test("of many clients at once one cleans", async () => {
  await using place = await openPlaceUnderTest();
  await place.store.stage(await place.bundle("a"));
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => run(place)));
  expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(["cleaned", ...Array.from({ length: 7 }, () => "idle")]);
});

test("a clean by hand counts for the day; a new day removes what earlier ones left empty, and keeps their records", async () => {
  await using place = await openPlaceUnderTest();
  await place.store.stage(await place.bundle("a"));
  const cleaned = path.join(place.jobDir, "store/cleaned");
  await run(place);
  await writeFile(path.join(cleaned, "2026-01-01.jsonl"), '{"a":1}\n');
  await writeFile(path.join(cleaned, "2026-01-02.jsonl"), "");
  await writeFile(path.join(cleaned, "2026-01-02T03.full"), "");
  await writeFile(path.join(cleaned, "notes"), "");
  expect(await run(place)).toEqual({ kind: "idle" });
  await rm(path.join(cleaned, `${today()}.jsonl`));
  await run(place);
  expect(await place.ls("store/cleaned")).toEqual(["2026-01-01.jsonl", `${today()}.jsonl`, "notes"].toSorted());
  expect((await place.look()).lastCleaned).toBe(today());
});

/** The host's df says what the test wants. */
const withDf = (place: PlaceUnderTest, { used, free }: { used: number; free: number }): Transport => ({
  ...place.transport,
  exec(argv, options) {
    const [sh, flag, script = "", ...rest] = argv;
    const row = `/dev/x ${used + free} ${used} ${free} 9% /x`;
    return place.transport.exec([sh ?? "", flag ?? "", `df() { echo "${row}"; }\n${script}`, ...rest], options);
  },
});

test("when the file system is nearly full it cleans again, at most once an hour, and keeps nothing in the trash", async () => {
  await using place = await openPlaceUnderTest();
  await run(place);
  await place.store.stage(await place.bundle("a"));
  await run(place);
  await place.store.stage(await place.bundle("b"));
  expect(await run(place, {}, withDf(place, { used: 94, free: 6 }))).toEqual({ kind: "idle" });
  const full = withDf(place, { used: 96, free: 4 });
  expect(await run(place, {}, full)).toMatchObject({ kind: "cleaned", because: "full" });
  expect(await place.ls("store/trash")).toHaveLength(1);
  await place.store.stage(await place.bundle("c"));
  expect(await run(place, {}, full)).toEqual({ kind: "idle" });
});

describe("a quota that is nearly used up counts as a full file system", () => {
  const header = "     Filesystem   space   quota   limit   grace   files   quota   limit   grace";
  const cases: readonly (readonly [what: string, program: string, said: string, space: object])[] = [
    [
      "the user's bytes",
      "quota",
      `Disk quotas for user ada (uid 1):\n${header}\n /dev/y 99 100 0 0 1 0 0 0\n /dev/x 97 100 120 0 10 0 0 0\n`,
      { freeBytes: 3 * 1024, totalBytes: 100 * 1024 },
    ],
    [
      "the group's files, above their quota",
      "quota",
      `${header}\n /dev/x 1 0 0 0 1 0 0 0\nDisk quotas for group hpc (gid 2):\n${header}\n /dev/x 1 0 0 0 1001* 1000 1200 6days\n`,
      { freeInodes: 0, totalInodes: 1000 },
    ],
    [
      "a limit of Lustre",
      "lfs",
      "      . [961] 0 1000 - 7* 5 9 -\n",
      { freeBytes: 39 * 1024, freeInodes: 0, totalInodes: 5 },
    ],
  ];
  test.each(cases)("%s", async (_, program, said, space) => {
    await using place = await openPlaceUnderTest();
    await place.store.stage(await place.bundle("a"));
    await run(place);
    await place.program(program, `printf '${said.replaceAll("\n", "\\n")}'`);
    const transport = withDf(place, { used: 50, free: 50 });
    expect((await place.look({ transport })).space).toMatchObject(space);
    expect(await run(place, {}, transport)).toMatchObject({ kind: "cleaned", because: "full" });
  });

  test("but not when there is room, when it is of another file system, or when nobody answers", async () => {
    await using place = await openPlaceUnderTest();
    await place.store.stage(await place.bundle("a"));
    await run(place);
    const transport = withDf(place, { used: 50, free: 50 });
    const room = { freeBytes: 50 * 1024, totalBytes: 100 * 1024, freeInodes: 50, totalInodes: 100 };
    for (const said of [
      "printf ' /dev/x 1 100 120 0 1 100 120 0'",
      "printf ' /dev/y 9 9 9 0 9 9 9 0'",
      "exit 1",
      "sleep 60",
    ]) {
      await place.program("quota", said);
      expect((await place.look({ transport })).space).toEqual(room);
    }
    expect(await run(place, {}, transport)).toEqual({ kind: "idle" });
  });
});

test("when the policy's limit is near it cleans again too", async () => {
  await using place = await openPlaceUnderTest();
  await place.store.stage(await place.bundle("a"));
  await run(place);
  await place.store.stage(await place.bundle("b"));
  expect(await run(place, { maxBytes: 4 })).toMatchObject({ kind: "cleaned", because: "full" });
  expect(await place.ls("store/code")).toEqual([]);
});

test("cut off by its signal it leaves what the next one ends", async () => {
  await using place = await openPlaceUnderTest();
  await place.store.stage(await place.bundle("a"));
  const stop = new AbortController();
  let commands = 0;
  const transport: Transport = {
    ...place.transport,
    exec(argv, options) {
      commands += 1;
      if (commands === 3) stop.abort(new Error("time is up"));
      return place.transport.exec(argv, options);
    },
  };
  const options = { transport, jobDir: place.jobDir, scheduler: "slurm", signal: stop.signal } as const;
  await expect(cleanIfDue({ ...options, policy: defaultPolicy, experiments: [] })).rejects.toThrow("time is up");
  expect(await readFile(path.join(place.jobDir, "store/cleaned", `${today()}.jsonl`), "utf8")).toBe("");
  expect((await place.plan()).remove).toHaveLength(1);
});

describe("nearly full", () => {
  test("is less than a twentieth of the bytes or of the inodes; what is not known is no reason", () => {
    expect(isNearlyFull({})).toBe(false);
    expect(isNearlyFull({ freeBytes: 5, totalBytes: 100 })).toBe(false);
    expect(isNearlyFull({ freeBytes: 4, totalBytes: 100 })).toBe(true);
    expect(isNearlyFull({ freeBytes: 50, totalBytes: 100, freeInodes: 4, totalInodes: 100 })).toBe(true);
  });
});
