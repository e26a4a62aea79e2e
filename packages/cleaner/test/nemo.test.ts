import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm, symlink, utimes } from "node:fs/promises";
import path from "node:path";

import { applyNemoCleaning, planNemoCleaning, takeNemoInventory } from "@slipway/cleaner";
import type { NemoExperiment, NemoInventory } from "@slipway/cleaner";
import { snapshot, writeFiles } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { openPlaceUnderTest } from "./place.ts";
import type { PlaceUnderTest } from "./place.ts";
import { days } from "./values.ts";

/** An experiment as NeMo-Run leaves it, with its code extracted and as an archive. */
const filesOf = (id: string, folder = "experiments/exp-a") => ({
  [`${folder}/${id}/_CONFIG`]: "…",
  [`${folder}/${id}/_TASKS`]: "[]",
  [`${folder}/${id}/task_sbatch.sh`]: "#!/bin/bash",
  [`${folder}/${id}/task/code/train.py`]: "print(1)",
  [`${folder}/${id}/task/task.tar.gz`]: "archive",
  [`${folder}/${id}/task/log-task_7_0.out`]: "a log",
});

async function nemoHome(place: PlaceUnderTest, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = path.join(place.folder, "nemo");
  await writeFiles(directory, files);
  const past = new Date(Date.now() - 7200_000); // Unpacked files are older than their archive.
  for (const name of Object.keys(files))
    if (name.includes("/code/")) await utimes(path.join(directory, name), past, past);
  return directory;
}

test("copies of code go; what is recorded, scripts and logs stay, and the removal is recorded", async () => {
  await using place = await openPlaceUnderTest();
  const id = "exp-a_1795000000000000000";
  const directory = await nemoHome(place, {
    ...filesOf(id),
    ".slurm_jobs": `7 = /jobs/log*,/nemo/${id}/task,LocalTunnel,{}\n`,
    "experiments/mine/notes/code/precious": "not an experiment",
  });
  const inventory = await takeNemoInventory({ transport: place.transport, directory });
  expect(inventory).toMatchObject({ layout: "home", queue: { kind: "answered", rows: [] } });
  expect(inventory.experiments).toEqual([
    {
      path: `experiments/exp-a/${id}`,
      id,
      isSlurm: true,
      ageSeconds: expect.any(Number),
      copies: [
        { path: `experiments/exp-a/${id}/task/task.tar.gz`, bytes: expect.any(Number), inodes: 1 },
        { path: `experiments/exp-a/${id}/task/code`, bytes: expect.any(Number), inodes: 2 },
      ],
      links: [],
    },
  ]);
  expect(planNemoCleaning(inventory, { maxAgeSeconds: days(7) })).toMatchObject({
    remove: [],
    keep: [{ why: expect.stringMatching(/^it was last written \d+ s ago$/) }, {}],
  });
  const plan = planNemoCleaning(inventory, { maxAgeSeconds: 0 });
  const before = Object.keys(await snapshot(directory));
  const { removed, kept } = await applyNemoCleaning(plan, { transport: place.transport, directory, by: "ada" });
  expect([removed.length, kept]).toEqual([2, []]);
  const after = Object.keys(await snapshot(directory));
  expect(before.filter((name) => !after.includes(name))).toEqual([
    `experiments/exp-a/${id}/task/code`,
    `experiments/exp-a/${id}/task/code/train.py`,
    `experiments/exp-a/${id}/task/task.tar.gz`,
  ]);
  expect(after.filter((name) => !before.includes(name))).toEqual([".slipway-cleaned.jsonl"]);
});

test("a job_dir on a cluster has its experiments at the top", async () => {
  await using place = await openPlaceUnderTest();
  const directory = await nemoHome(place, filesOf("exp-a_17", "exp-a"));
  const inventory = await takeNemoInventory({ transport: place.transport, directory });
  expect(inventory).toMatchObject({ layout: "job_dir", experiments: [{ path: "exp-a/exp-a_17" }] });
  expect(planNemoCleaning(inventory, { maxAgeSeconds: 0 }).remove).toHaveLength(2);
});

test("nothing goes through a link, and a folder that is none of NeMo-Run's is refused", async () => {
  await using place = await openPlaceUnderTest();
  const directory = await nemoHome(place, filesOf("exp-a_17", "exp-a"));
  const outside = path.join(place.folder, "outside");
  await writeFiles(outside, { ...filesOf("exp-b_18", "."), "code/precious": "mine", "x.tar.gz": "mine" });
  await mkdir(path.join(directory, "exp-b"));
  await symlink(path.join(outside, "exp-b_18"), path.join(directory, "exp-b/exp-b_18"));
  await symlink(outside, path.join(directory, "exp-c"));
  await symlink(outside, path.join(directory, "exp-a/exp-a_17/other"));
  const before = await snapshot(outside);
  const options = { transport: place.transport, directory };
  const plan = planNemoCleaning(await takeNemoInventory(options), { maxAgeSeconds: 0 });
  expect(plan.remove.map(({ relative }) => relative)).toEqual([
    "exp-a/exp-a_17/task/task.tar.gz",
    "exp-a/exp-a_17/task/code",
  ]);
  // Somebody plants a link between plan and work.
  const [first] = plan.remove;
  if (!first) throw new Error("No removal");
  const planted = { ...first, relative: "exp-a/exp-a_17/other/code", path: `${directory}/exp-a/exp-a_17/other/code` };
  const { kept } = await applyNemoCleaning({ remove: [...plan.remove, planted] }, options);
  expect(kept.map(({ why }) => why)).toEqual(["exp-a/exp-a_17/other is a symbolic link"]);
  expect(await snapshot(outside)).toEqual(before);
  for (const [wrong, code] of [
    [outside, "CLEANER_NOT_A_NEMO_HOME"],
    ["/", "CLEANER_UNSAFE_ROOT"],
    [path.join(place.folder, "home"), "CLEANER_UNSAFE_ROOT"],
  ] as const) {
    await expect(takeNemoInventory({ transport: place.transport, directory: wrong })).rejects.toMatchObject({ code });
  }
});

test("code into which a job has written stays, and archives of other names are not NeMo-Run's", async () => {
  await using place = await openPlaceUnderTest();
  const directory = await nemoHome(place, {
    ...filesOf("exp-a_17", "exp-a"),
    ...filesOf("exp-a_18", "exp-a"),
    ...filesOf("exp-a_19", "exp-a"),
    "exp-a/exp-a_17/task/results.tar.gz": "mine",
    "exp-a/exp-a_17/results.tar.gz": "mine",
  });
  const past = new Date(Date.now() - 3600_000);
  for (const id of ["exp-a_17", "exp-a_18"])
    await utimes(path.join(directory, "exp-a", id, "task/task.tar.gz"), past, past);
  await writeFiles(directory, {
    "exp-a/exp-a_17/task/code/__pycache__/train.pyc": "made by Python",
    "exp-a/exp-a_18/task/code/checkpoint.pt": "mine",
  });
  await rm(path.join(directory, "exp-a/exp-a_19/task/task.tar.gz"));
  const inventory = await takeNemoInventory({ transport: place.transport, directory });
  const { remove, keep } = planNemoCleaning(inventory, { maxAgeSeconds: 0 });
  expect(remove.map(({ relative }) => relative)).toEqual([
    "exp-a/exp-a_17/task/task.tar.gz",
    "exp-a/exp-a_17/task/code",
  ]);
  expect(keep.map(({ path: kept, why }) => [kept.slice(directory.length + 1), why])).toEqual([
    ["exp-a/exp-a_18/task/task.tar.gz", "its jobs have written files into it"],
    ["exp-a/exp-a_18/task/code", "its jobs have written files into it"],
    ["exp-a/exp-a_19/task/code", "without its archive nobody can tell whether its jobs have written into it"],
  ]);
});

test("what an interrupted cleaner left aside goes with the next", async () => {
  await using place = await openPlaceUnderTest();
  const directory = await nemoHome(place, { ...filesOf("exp-a_17", "exp-a"), ".slipway-trash-old/1/code/a": "a" });
  execFileSync("chmod", ["-R", "a-w", path.join(directory, ".slipway-trash-old/1")]);
  const options = { transport: place.transport, directory };
  await applyNemoCleaning(planNemoCleaning(await takeNemoInventory(options), { maxAgeSeconds: 0 }), options);
  expect(existsSync(path.join(directory, ".slipway-trash-old"))).toBe(false);
});

test("a process that names the experiment keeps it", async () => {
  await using place = await openPlaceUnderTest();
  const directory = await nemoHome(place, filesOf("exp-a_1795000000000000017", "exp-a"));
  const child = spawn("sh", ["-c", "sleep 60", "exp-a_1795000000000000017"], { detached: true, stdio: "ignore" });
  try {
    const inventory = await takeNemoInventory({ transport: place.transport, directory });
    expect(planNemoCleaning(inventory, { maxAgeSeconds: 0 }).keep[0]?.why).toBe("a process there names it");
  } finally {
    process.kill(-(child.pid ?? 0), "SIGKILL");
  }
});

describe("any doubt keeps", () => {
  const id = "exp-a_17";
  const experiment: NemoExperiment = {
    path: `experiments/exp-a/${id}`,
    id,
    isSlurm: true,
    ageSeconds: days(30),
    copies: [{ path: `experiments/exp-a/${id}/task/code`, bytes: 10, inodes: 2 }],
    links: [],
  };
  const why = (seen: Partial<NemoInventory>) => {
    const inventory: NemoInventory = {
      host: "login",
      directory: "/nemo",
      layout: "home",
      experiments: [experiment],
      submissions: [`7 = /log*,/nemo/experiments/exp-a/${id}/task,LocalTunnel,{}`],
      processes: [],
      queue: { kind: "answered", rows: [] },
      ...seen,
    };
    return planNemoCleaning(inventory, { maxAgeSeconds: days(7) }).keep[0]?.why;
  };
  const other = { ...experiment, id: "exp-b_18", path: "experiments/exp-b/exp-b_18", isSlurm: false };
  const overSsh = [`7 = /log*,/home/x/${id}/task,SSHTunnel,{"host":"login"}`];

  test.each<[string | undefined, Partial<NemoInventory>]>([
    [undefined, {}],
    ["Slurm still knows its job 7", { queue: { kind: "answered", rows: ["7|7|COMPLETED|/x.sh|/"] } }],
    ["Slurm still knows its job 31", { queue: { kind: "answered", rows: ["31|7_4|PENDING|/x.sh|/"] } }],
    [
      "Slurm still knows a job of it, and may start it again",
      { queue: { kind: "answered", rows: [`9|9|PENDING|/nemo/exp-a/${id}/task_sbatch.sh|/`] } },
    ],
    [
      "whether Slurm knows a job of it cannot be told: squeue failed (1)",
      { queue: { kind: "silent", why: "squeue failed (1)" } },
    ],
    ["its jobs are Slurm's, which cannot be asked from here", { queue: { kind: "absent" } }],
    [undefined, { queue: { kind: "absent" }, submissions: overSsh }],
    ["no job of it is recorded, and so none can be asked about", { submissions: [] }],
    [undefined, { submissions: [], layout: "job_dir" }],
    ["a process there names it", { processes: [`python /nemo/exp-a/${id}/__main__.py`] }],
    [
      "exp-b_18 has its code by a link",
      { experiments: [experiment, { ...other, links: [`/nemo/experiments/exp-a/${id}/task/code`] }] },
    ],
  ])("%s", (expected, seen) => {
    expect(why(seen)).toBe(expected);
  });
});
