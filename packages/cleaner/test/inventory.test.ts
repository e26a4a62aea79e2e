import { spawn } from "node:child_process";
import { readFile, rename, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { quoteShell } from "@slipway/core";
import type { Transport } from "@slipway/core";
import { snapshot, writeFiles } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { commitLease, openPlaceUnderTest, perlOrNot, squeueOf } from "./place.ts";
import type { PlaceOptions } from "./place.ts";

const token = "e-1.train.1";
const lease = "j.hpc.7";

async function placeWithJob(options?: PlaceOptions) {
  const place = await openPlaceUnderTest(options);
  const { instance, directory } = await place.store.stage(await place.bundle("a"), { token });
  await commitLease(place, instance, { token, lease });
  return { place, instance, directory };
}

test.each(perlOrNot)("an inventory tells all there is, from what was recorded, %s", async (_, hasPerl) => {
  const { place, instance, directory } = await placeWithJob({ hasPerl });
  await using _place = place;
  await place.slurm("echo 'ClusterName = hpc'", squeueOf("7|7|RUNNING", "12|9_[1-3]|PENDING"));
  await writeFiles(place.jobDir, {
    "runs/e-1/train/code": { symlink: `../../../store/code/${instance}/tree` },
    "runs/e-1/.new-x.1/code": "half",
  });
  const closed = await place.store.stage(await place.bundle("b"));
  await place.store.apply([
    { step: "close", instance: closed.instance },
    { step: "move", instance: closed.instance },
  ]);
  const contents = { files: 2, symlinks: 0, directories: 1, bytes: 2 };
  const inventory = await place.look();
  expect(inventory).toEqual({
    host: "local",
    jobDir: place.jobDir,
    clusterName: "hpc",
    space: expect.objectContaining({ freeBytes: expect.any(Number), totalBytes: expect.any(Number) }),
    instances: [
      {
        instance,
        digest: instance.slice(0, 64),
        directory,
        open: true,
        contents,
        idleSeconds: expect.any(Number),
        leases: [
          {
            instance,
            name: lease,
            holder: { kind: "job", clusterName: "hpc", jobId: "7" },
            ageSeconds: expect.any(Number),
            userId: process.getuid?.(),
          },
        ],
      },
    ],
    leftovers: [{ kind: "trashed", name: closed.instance, ageSeconds: expect.any(Number), contents }],
    runs: [{ experiment: "e-1", job: "train", ageSeconds: expect.any(Number), userId: process.getuid?.(), instance }],
    unfinishedRuns: [{ path: "runs/e-1/.new-x.1", ageSeconds: expect.any(Number) }],
    jobs: {
      kind: "slurm",
      userId: process.getuid?.(),
      states: new Map([
        ["7", "RUNNING"],
        ["12", "PENDING"],
        ["9", "PENDING"],
      ]),
      tokens: new Set(["name", "comment"]),
    },
  });
});

test("where there is no store there is nothing", async () => {
  await using place = await openPlaceUnderTest();
  const nothing = { instances: [], leftovers: [], runs: [], jobs: { kind: "silent", why: "there is no store" } };
  expect(await place.look()).toMatchObject(nothing);
  expect(await place.look({ jobDir: path.join(place.folder, "nowhere") })).toMatchObject(nothing);
});

describe("is no evidence, and so the job's lease stays", () => {
  const rightName = "echo 'ClusterName = hpc'";
  const cases: readonly (readonly [what: string, scontrol: string, squeue: string, why: string])[] = [
    [
      "a controller that is down",
      "echo 'Unable to contact slurm controller' >&2; exit 1",
      ":",
      "Slurm does not answer: Unable to contact slurm controller",
    ],
    ["a squeue that fails and prints nothing", rightName, "exit 1", "squeue failed (1)"],
    ["a squeue that fails in the middle", rightName, `${squeueOf("8|8|RUNNING")}\nexit 1`, "squeue failed (1)"],
    [
      "another cluster's squeue",
      "echo 'ClusterName = other'",
      ":",
      "the cluster here is other, and the store is hpc's",
    ],
    ["a scontrol that says nothing", ":", ":", "the cluster here is one without a name, and the store is hpc's"],
    [
      "a squeue that says something else",
      rightName,
      "echo 'slurm_load_jobs error: Socket timed out'",
      "squeue said what cannot be read: slurm_load_jobs error: Socket timed out",
    ],
    [
      "a squeue whose last line was cut",
      rightName,
      `${squeueOf("8|8|RUNNING")}\nprintf '7|7'`,
      "squeue said what cannot be read: 7|7",
    ],
  ];
  test.each(cases)("%s", async (_, scontrol, squeue, why) => {
    const { place } = await placeWithJob();
    await using _place = place;
    await place.slurm(scontrol, squeue);
    const { jobs } = await place.look();
    expect(jobs).toEqual({ kind: "silent", why });
    expect(await place.plan()).toMatchObject({
      remove: [],
      keep: [{ why: `job 7 may need it: ${why}` }],
      errors: [why],
    });
  });

  test("a host without Slurm's tools", async () => {
    const { place } = await placeWithJob();
    await using _place = place;
    await rename(path.join(place.folder, "bin"), path.join(place.folder, "gone"));
    expect((await place.look()).jobs).toMatchObject({ kind: "silent" });
  });
});

test.each(perlOrNot)("squeue is asked after the leases were seen, %s", async (_, hasPerl) => {
  const { place, instance } = await placeWithJob({ hasPerl });
  await using _place = place;
  const late = path.join(place.jobDir, "store/code", instance, "L/j.hpc.8");
  await place.slurm("echo 'ClusterName = hpc'", `mkdir -p ${quoteShell(late)}; ${squeueOf("7|7|RUNNING")}`);
  const { instances, jobs } = await place.look();
  expect(instances.flatMap(({ leases }) => leases.map(({ name }) => name))).toEqual([lease]);
  expect(jobs).toMatchObject({ kind: "slurm", states: new Map([["7", "RUNNING"]]) });
  expect(await place.ls("store/code", instance, "L")).toEqual([lease, "j.hpc.8"]);
});

test("all is one command", async () => {
  const { place } = await placeWithJob();
  await using _place = place;
  let commands = 0;
  const transport: Transport = {
    ...place.transport,
    exec(argv, options) {
      commands += 1;
      return place.transport.exec(argv, options);
    },
  };
  expect((await place.look({ transport })).instances).toHaveLength(1);
  expect(commands).toBe(1);
});

test("a store of another version is left alone", async () => {
  const { place } = await placeWithJob();
  await using _place = place;
  await writeFile(path.join(place.jobDir, "store/layout.json"), '{"version":2,"clusterName":"hpc"}\n');
  await expect(place.look()).rejects.toMatchObject({ code: "STORE_LAYOUT_UNSUPPORTED" });
});

test("squeue is asked about all states and hidden partitions, whatever the user's variables say", async () => {
  const { place } = await placeWithJob();
  await using _place = place;
  const log = path.join(place.folder, "asked");
  await place.slurm(
    "echo 'ClusterName = hpc'",
    `{ echo "$*"; env | grep -E '^(SQUEUE_|SLURM_CLUSTERS)' | sort; } >'${log}'\n${squeueOf("7|7|RUNNING")}`,
  );
  await place.look();
  const asked = await readFile(log, "utf8");
  expect(asked.split("\n")[0]).toMatch(/^--all --me --noheader --states=all --format=\S+$/);
  expect(asked.split("\n").slice(1).join("")).toBe("");
});

test("of an array, and of a heterogeneous job, any part keeps the whole", async () => {
  const { place } = await placeWithJob();
  await using _place = place;
  for (const row of ["31|7_4|RUNNING", "31|7_[5-9%2]|PENDING", "7|7+0|PENDING", "8|7+1|PENDING"]) {
    await place.slurm("echo 'ClusterName = hpc'", squeueOf(row));
    expect((await place.plan()).remove).toEqual([]);
  }
});

test("looking changes nothing", async () => {
  const { place } = await placeWithJob();
  await using _place = place;
  const before = await snapshot(place.jobDir);
  await place.plan();
  expect(await snapshot(place.jobDir)).toEqual(before);
});

describe.each(perlOrNot)("on this machine %s", (_host, hasPerl) => {
  async function placeWithRun(files: Readonly<Record<string, string>>) {
    const place = await openPlaceUnderTest({ scheduler: "local", clusterName: "local", hasPerl });
    const { instance } = await place.store.stage(await place.bundle("a"));
    const all = Object.entries(files).map(([name, text]) => [`runs/e-1/train/${name}`, text] as const);
    await writeFiles(place.jobDir, {
      "runs/e-1/train/job.sh": "",
      "runs/e-1/train/code": { symlink: `../../../store/code/${instance}/tree` },
      ...Object.fromEntries(all),
    });
    return { place, instance };
  }
  const bootId = async () => (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  async function recordOf(pid: number, boot?: string): Promise<string> {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1");
    const start = stat.slice(stat.lastIndexOf(") ") + 2).split(" ")[19];
    return `version=1\npid=${pid}\nstart=${start}\nboot=${boot ?? (await bootId())}\nend=1\n`;
  }
  const live = async (files: Readonly<Record<string, string>>) => {
    const { place, instance } = await placeWithRun(files);
    await using _place = place;
    const { jobs } = await place.look();
    if (jobs.kind !== "local") throw new Error(jobs.kind);
    return jobs.live.map((each) => ({ ...each, instance: each.instance === instance }));
  };
  const alive = { run: "e-1/train", ageSeconds: expect.any(Number), instance: true };

  test.skipIf(process.platform !== "linux")(
    "a job lives while its wrapper does, or its command's process group",
    async () => {
      const own = await recordOf(process.pid);
      const gone = own.replace(/start=\d+/, "start=1");
      const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
      try {
        const group = await recordOf(child.pid ?? 0);
        expect(await live({ commit: own })).toEqual([{ ...alive, state: "alive" }]);
        expect(await live({ commit: gone, "attempt-1.group": group })).toEqual([{ ...alive, state: "alive" }]);
        // The leader is gone, and another of the group lives.
        expect(await live({ commit: gone, "attempt-1.group": group.replace(/start=\d+/, "start=1") })).toEqual([
          { ...alive, state: "alive" },
        ]);
        expect(await live({ commit: gone, "array-3.commit": own })).toEqual([{ ...alive, state: "alive" }]);
      } finally {
        child.kill("SIGKILL");
      }
    },
  );

  test.skipIf(process.platform !== "linux")(
    "it is over when its processes are gone, or the machine was started again",
    async () => {
      const gone = (await recordOf(process.pid)).replace(/start=\d+/, "start=1");
      expect(await live({ commit: gone })).toEqual([]);
      expect(await live({ commit: await recordOf(process.pid, "another-boot") })).toEqual([]);
      expect(await live({ commit: gone, "attempt-1.exit": "version=1\noutcome=ended\nexit=0\nend=1\n" })).toEqual([]);
    },
  );

  test("what cannot be read is a doubt, and what never began is told", async () => {
    for (const commit of ["", "version=1\npid=7\n", "pid=x\nstart=1\nboot=b\nend=1\n", "\0\0"]) {
      expect(await live({ commit })).toEqual([{ ...alive, state: "doubt" }]);
    }
    expect(await live({})).toEqual([{ ...alive, state: "unstarted" }]);
  });

  test("a job whose directory lies behind a link is seen too", async () => {
    for (const moved of ["runs/e-1", "runs/e-1/train"]) {
      const { place } = await placeWithRun({ commit: await recordOf(process.pid) });
      await using _place = place;
      await rename(path.join(place.jobDir, moved), path.join(place.folder, "moved"));
      await symlink(path.join(place.folder, "moved"), path.join(place.jobDir, moved));
      expect((await place.look()).jobs).toMatchObject({ live: [{ run: "e-1/train", state: "alive" }] });
    }
  });

  test("a store of a cluster, and run directories behind a link, are in doubt whole", async () => {
    const { place } = await placeWithRun({});
    await using _place = place;
    await rename(path.join(place.jobDir, "runs"), path.join(place.folder, "elsewhere"));
    await symlink(path.join(place.folder, "elsewhere"), path.join(place.jobDir, "runs"));
    expect((await place.look()).jobs).toEqual({
      kind: "silent",
      why: "the run directories cannot be relied on: runs is a symbolic link",
    });
    await writeFile(path.join(place.jobDir, "store/layout.json"), '{"version":1,"clusterName":"hpc"}\n');
    expect((await place.look()).jobs).toMatchObject({
      why: "the store is the cluster hpc's, and only that knows its jobs",
    });
  });
});
