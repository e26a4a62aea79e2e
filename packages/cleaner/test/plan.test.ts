import { defaultPolicy, planCleaning, planExperimentRemoval } from "@slipway/cleaner";
import type { Inventory, JobsSeen, KnownExperiment, RetentionPolicy, RunSeen } from "@slipway/cleaner";
import { describe, expect, test } from "vitest";

import { copy, days, digestOf, hours, inventoryOf, lease, nameOf, queue, run } from "./values.ts";

const plan = (
  inventory: Inventory,
  policy: Partial<RetentionPolicy> = {},
  experiments: readonly KnownExperiment[] = [],
) => planCleaning({ inventory, experiments, policy: { ...defaultPolicy, keepLast: 0, ...policy } });

/** What becomes of each thing, in a line. */
const outcome = (...args: Parameters<typeof plan>) => {
  const { remove, keep } = plan(...args);
  return [
    ...remove.map(({ kind, why, steps }) => `${kind} goes (${steps.map(({ step }) => step).join()}): ${why}`),
    ...keep.map(({ kind, why }) => `${kind} stays: ${why}`),
  ];
};

test("code that nobody has needed for a week is closed and goes to the trash; younger code stays", () => {
  expect(
    plan(inventoryOf({ instances: [copy("a", { idleSeconds: days(7) }), copy("b", { idleSeconds: days(6) })] })),
  ).toEqual({
    remove: [
      {
        kind: "code",
        path: `/jobs/store/code/${nameOf("a")}`,
        bytes: 1000,
        inodes: 17,
        why: "nobody has needed it for 7 d",
        steps: [
          { step: "close", instance: nameOf("a") },
          { step: "move", instance: nameOf("a") },
        ],
      },
    ],
    keep: [
      {
        kind: "code",
        path: `/jobs/store/code/${nameOf("b")}`,
        bytes: 1000,
        inodes: 17,
        why: "it was last used 6 d ago",
      },
    ],
    errors: [],
  });
});

describe("a job's lease", () => {
  const old = days(30);
  const seen = (jobs: JobsSeen, holder = lease("a", "j.hpc.7", { ageSeconds: old })) =>
    outcome(inventoryOf({ jobs, instances: [copy("a", { idleSeconds: old, leases: [holder] })] }));

  test("goes when the cluster, asked now, has forgotten the job; its code was needed until then", () => {
    expect(seen(queue({ 8: "RUNNING" }))).toEqual([
      "lease goes (drop): Slurm has forgotten job 7",
      "code stays: it was needed until now",
    ]);
  });

  test("and the code with it, where the policy wants none", () => {
    const instances = [copy("a", { idleSeconds: old, leases: [lease("a", "j.hpc.7", { ageSeconds: old })] })];
    expect(outcome(inventoryOf({ instances }), { maxAgeSeconds: 0 })).toEqual([
      "lease goes (drop): Slurm has forgotten job 7",
      "code goes (close,move): nobody has needed it for 30 d",
    ]);
  });

  const states = "PENDING RUNNING SUSPENDED COMPLETING REQUEUED REQUEUE_HOLD PREEMPTED SPECIAL_EXIT STAGE_OUT RESIZING";
  const ended = "COMPLETED CANCELLED FAILED TIMEOUT NODE_FAIL OUT_OF_MEMORY BOOT_FAIL DEADLINE REVOKED NEW_WORD";
  test.each(`${states} ${ended}`.split(" "))("stays while Slurm knows the job: %s", (state) => {
    expect(seen(queue({ 7: state }))).toEqual([`code stays: job 7 is ${state}`]);
  });

  test("stays when nobody could be asked", () => {
    expect(seen({ kind: "silent", why: "Slurm does not answer: Unable to contact slurm controller" })).toEqual([
      "code stays: job 7 may need it: Slurm does not answer: Unable to contact slurm controller",
    ]);
  });

  test("stays when it is another cluster's, another user's, younger than an hour, or of a kind of tomorrow", () => {
    expect(seen(queue({}), lease("a", "j.other.7", { ageSeconds: old }))).toEqual([
      "code stays: a job 7 of another cluster, other, may need it",
    ]);
    expect(seen(queue({}), lease("a", "j.hpc.7", { ageSeconds: old, userId: 1001 }))).toEqual([
      "code stays: job 7 of another user (1001) may need it",
    ]);
    expect(seen(queue({}), lease("a", "j.hpc.7", { ageSeconds: hours(1) - 1 }))).toEqual([
      "code stays: job 7 was submitted 59 min ago",
    ]);
    expect(seen(queue({}), lease("a", "x.what", { ageSeconds: old }))).toEqual([
      "code stays: its lease x.what is none that this version knows",
    ]);
  });

  test("of a wrapper is treated as a job's own", () => {
    expect(seen(queue({ 7: "RUNNING" }), lease("a", "w.hpc.7", { ageSeconds: old }))).toEqual([
      "code stays: job 7 is RUNNING",
    ]);
    expect(seen(queue({}), lease("a", "w.hpc.7", { ageSeconds: old }))[0]).toBe(
      "lease goes (drop): Slurm has forgotten job 7",
    );
  });

  test("that goes does not take the code along while another is needed", () => {
    const leases = ["j.hpc.7", "j.hpc.8", "j.hpc.9"].map((name) => lease("a", name, { ageSeconds: old }));
    const instances = [copy("a", { idleSeconds: old, leases })];
    expect(
      outcome(inventoryOf({ instances, jobs: queue({ 8: "PENDING", 9: "RUNNING" }) }), { maxAgeSeconds: 0 }),
    ).toEqual(["lease goes (drop): Slurm has forgotten job 7", "code stays: job 8 is PENDING (and 1 more)"]);
  });
});

describe("a submission's intent", () => {
  const token = "sweep-1.train.1";
  const seen = (ageSeconds: number, jobs: JobsSeen) =>
    outcome(inventoryOf({ jobs, instances: [copy("a", { leases: [lease("a", `i.${token}`, { ageSeconds })] })] }));

  test("keeps the code for a day, and is revoked then", () => {
    expect(seen(hours(24) - 1, queue({}))).toEqual([`code stays: the submission of ${token} may be under way`]);
    expect(seen(hours(24), queue({}))).toEqual([
      `lease goes (revoke): the submission of ${token} was given up 1 d ago`,
      "code stays: it was needed until now",
    ]);
  });

  test("stays while a held job of it waits, or while nobody can be asked", () => {
    expect(seen(days(9), queue({ 7: "PENDING" }, [`me:${token}`]))).toEqual([
      `code stays: the queue has a job of the submission ${token}`,
    ]);
    expect(seen(days(9), { kind: "silent", why: "squeue failed (1)" })).toEqual([
      `code stays: the submission of ${token} may be under way: squeue failed (1)`,
    ]);
  });
});

test("a pin keeps code whatever the policy", () => {
  const instances = [
    copy("a", { idleSeconds: days(900), leases: [lease("a", "p.sweep-1", { ageSeconds: days(900) })] }),
  ];
  expect(outcome(inventoryOf({ instances }), { maxAgeSeconds: 0, maxBytes: 0, maxInodes: 0 })).toEqual([
    "code stays: pinned by sweep-1",
  ]);
});

describe("on this machine", () => {
  const local = (live: Extract<JobsSeen, { kind: "local" }>["live"]): JobsSeen => ({
    kind: "local",
    userId: 1000,
    live,
  });
  const seen = (jobs: JobsSeen, leases = [lease("a", "j.local.f00", { ageSeconds: days(2) })]) =>
    outcome(inventoryOf({ jobs, clusterName: "local", instances: [copy("a", { idleSeconds: days(9), leases })] }));

  test("a lease goes when no process of a job with this code lives", () => {
    expect(seen(local([]))[0]).toBe("lease goes (drop): no process of a job that has it lives");
    const other = { run: "e/other", state: "alive", ageSeconds: 9, instance: nameOf("b") } as const;
    expect(seen(local([other]))[0]).toBe("lease goes (drop): no process of a job that has it lives");
  });

  test("it stays while one lives, and where a job's records or its code cannot be told", () => {
    const live = { run: "e/j", ageSeconds: days(2), instance: nameOf("a") } as const;
    expect(seen(local([{ ...live, state: "alive" }]))).toEqual(["code stays: e/j is alive"]);
    expect(seen(local([{ ...live, state: "doubt" }]))).toEqual(["code stays: the records of e/j cannot be read"]);
    expect(seen(local([{ run: "e/j", state: "alive", ageSeconds: 1 }]))).toEqual(["code stays: e/j is alive"]);
  });

  test("a lease that is old stays for a day while its job has not begun, and while it has no run directory yet", () => {
    const leased = [lease("a", "j.local.f00", { ageSeconds: hours(3) })];
    const live = { run: "e/j", ageSeconds: hours(3), instance: nameOf("a"), state: "unstarted" } as const;
    expect(seen(local([live]), leased)).toEqual(["code stays: e/j has not begun"]);
    const before = [run("e/earlier", "a", hours(4)), run("e/of-other-code", "b", hours(2))];
    const withRuns = (runs: readonly RunSeen[], leases = leased) =>
      outcome(
        inventoryOf({
          jobs: local([]),
          clusterName: "local",
          runs,
          instances: [copy("a", { idleSeconds: days(9), leases })],
        }),
      )[0];
    expect(withRuns(before)).toBe("code stays: a job that has it may be about to begin");
    expect(withRuns([...before, run("e/j", "a", hours(3) + 1)])).toBe(
      "lease goes (drop): no process of a job that has it lives",
    );
    expect(withRuns([], [lease("a", "j.local.f00", { ageSeconds: hours(24) })])).toBe(
      "lease goes (drop): no process of a job that has it lives",
    );
  });

  test("code of a job that lives stays without a lease too; of one that never began, for a day", () => {
    const live = { run: "e/j", ageSeconds: days(2), instance: nameOf("a") } as const;
    expect(seen(local([{ ...live, state: "alive" }]), [])).toEqual(["code stays: e/j is alive"]);
    expect(seen(local([{ ...live, state: "unstarted", ageSeconds: hours(24) - 1 }]), [])).toEqual([
      "code stays: e/j has not begun",
    ]);
    expect(seen(local([{ ...live, state: "unstarted", ageSeconds: hours(24) }]), [])).toEqual([
      "code goes (close,move): nobody has needed it for 9 d",
    ]);
  });
});

test("the newest experiments of each project keep their code, those without a record by their names", () => {
  const known = (experiment: string, project: string, createdAt: string, letter: string): KnownExperiment => ({
    experiment,
    project,
    createdAt,
    digest: digestOf(letter),
  });
  const inventory = inventoryOf({
    instances: ["a", "b", "c", "d", "e", "f"].map((letter) => copy(letter, { idleSeconds: days(99) })),
    runs: [run("p-1/train", "a"), run("other-aaaaaa/train", "e", days(50)), run("other-bbbbbb/train", "f", days(40))],
  });
  const experiments = [
    known("p-1", "p", "2026-01-01T00:00:00Z", "a"),
    known("p-2", "p", "2026-01-02T00:00:00Z", "b"),
    known("p-3", "p", "2026-01-03T00:00:00Z", "c"),
    known("q-1", "q", "2025-01-01T00:00:00Z", "d"),
  ];
  const { keep } = plan(inventory, { keepLast: 1, maxBytes: 0 }, experiments);
  expect(keep.map(({ path, why }) => [path.at(-1), why])).toEqual([
    ["c", "p-3 is among the newest 1 of p"],
    ["d", "q-1 is among the newest 1 of q"],
    ["f", "other-bbbbbb is among the newest 1 of other"],
  ]);
});

test("above a limit the trash goes at once, then what has been unused for longest, until there is room", () => {
  const instances = [
    copy("a", { idleSeconds: 50 }),
    copy("b", { idleSeconds: 90 }),
    copy("c", { idleSeconds: 70 }),
    copy("d", { idleSeconds: 999, leases: [lease("d", "j.hpc.7", { ageSeconds: 5 })] }),
  ];
  const trashed = { kind: "trashed", name: nameOf("t"), ageSeconds: 3, contents: copy("t").contents } as const;
  const { remove, keep } = plan(inventoryOf({ instances, leftovers: [trashed] }), { maxBytes: 3000 });
  expect(remove.map(({ path, why, steps }) => [path.at(-1), why, steps.map(({ step }) => step).join()])).toEqual([
    ["b", "nobody needs it, and all code is 4000 bytes, more than 3000", "close,move,purge"],
    ["t", "it was put into the trash 3 s ago", "purge"],
  ]);
  expect(keep.map(({ path }) => path.at(-1))).toEqual(["a", "c", "d"]);
  expect(plan(inventoryOf({ instances }), { maxInodes: 17 * 3 }).remove.map(({ path }) => path.at(-1))).toEqual(["b"]);
});

test("leftovers go after their grace", () => {
  const leftovers = [
    { kind: "trashed", name: nameOf("a"), ageSeconds: hours(24) },
    { kind: "trashed", name: nameOf("b"), ageSeconds: hours(24) - 1 },
    { kind: "unfinished", name: nameOf("c"), ageSeconds: hours(24) },
    { kind: "unfinished", name: nameOf("d"), ageSeconds: hours(24) - 1 },
    { kind: "deleting", name: ".del-x", ageSeconds: hours(1) },
    { kind: "deleting", name: ".del-y", ageSeconds: hours(1) - 1 },
  ] as const;
  const unfinishedRuns = [
    { path: "runs/e/.new-a.1", ageSeconds: hours(24) },
    { path: "runs/e/.new-b.1", ageSeconds: hours(24) - 1 },
  ];
  expect(outcome(inventoryOf({ leftovers, unfinishedRuns }))).toEqual([
    "trash goes (purge): it was put into the trash 1 d ago",
    "upload goes (reclaim): its upload last wrote 1 d ago",
    "remnant goes (sweep): somebody began to delete it 1 h ago",
    "unfinished-run goes (remove-run): its submission last wrote 1 d ago",
    "trash stays: it was put into the trash 23 h ago",
    "upload stays: its upload last wrote 23 h ago",
    "remnant stays: somebody began to delete it 59 min ago",
    "unfinished-run stays: its submission last wrote 23 h ago",
  ]);
});

test("an instance that somebody closed goes on to the trash", () => {
  expect(outcome(inventoryOf({ instances: [copy("a", { open: false })] }))).toEqual([
    "code goes (move): it was closed, and nobody can use it",
  ]);
});

test("run directories with logs and outputs stay, unless the policy gives them an end and no job can use them", () => {
  const runs = [run("e-1/a", "a", days(40)), run("e-2/a", "a", days(40)), run("e-3/a", "a", days(3))];
  const inventory = inventoryOf({ runs, jobs: queue({ 9: "PENDING" }, ["me:e-2.a.1"]) });
  expect(outcome(inventory)).toEqual([]);
  expect(outcome(inventory, { runsMaxAgeSeconds: days(30) })).toEqual([
    "run goes (remove-run): it was made 40 d ago",
    "run stays: Slurm still knows its job me:e-2.a.1, and may start it again",
    "run stays: it was made 3 d ago",
  ]);
});

test("run directories of another user stay: of whose jobs nothing is known", () => {
  const runs = [run("e-1/a", "a", days(40)), { ...run("e-1/b", "a", days(40)), userId: 1001 }];
  expect(outcome(inventoryOf({ runs }), { runsMaxAgeSeconds: days(30) })).toEqual([
    "run stays: e-1/b is another user's (1001), of whose jobs nothing is known",
    "run stays: e-1/b is another user's (1001), of whose jobs nothing is known",
  ]);
});

describe("one experiment whole", () => {
  const removal = (inventory: Inventory) =>
    planExperimentRemoval("e-1", { inventory, policy: defaultPolicy, experiments: [] });

  test("takes its run directories and the code that it has alone, however young", () => {
    const runs = [run("e-1/a", "a", days(1)), run("e-1/b", "b", days(1)), run("e-2/a", "b", days(1))];
    const { remove, keep } = removal(inventoryOf({ runs, instances: [copy("a"), copy("b"), copy("c")] }));
    expect(remove.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      `code /jobs/store/code/${nameOf("a")}`,
      "run /jobs/runs/e-1/a",
      "run /jobs/runs/e-1/b",
    ]);
    expect(keep.map(({ path, why }) => [path.at(-1), why])).toEqual([["b", "other experiments have the same code"]]);
  });

  test.each<[string, Partial<Inventory>]>([
    ["Slurm still knows its job e-1.a.1, and may start it again", { jobs: queue({ 7: "COMPLETED" }, ["e-1.a.1"]) }],
    ["squeue failed (1)", { jobs: { kind: "silent", why: "squeue failed (1)" } }],
    ["e-1/a was submitted 59 min ago", { runs: [run("e-1/a", "a", 3599)] }],
    ["it is pinned", { instances: [copy("a", { leases: [lease("a", "p.e-1", { ageSeconds: 1 })] })] }],
    [
      "the submission of e-1.b.1 may be under way",
      { instances: [copy("a", { leases: [lease("a", "i.e-1.b.1", { ageSeconds: days(9) })] })] },
    ],
    [
      "e-1/a is alive",
      { jobs: { kind: "local", userId: 1000, live: [{ run: "e-1/a", state: "alive", ageSeconds: days(9) }] } },
    ],
  ])("is refused: %s", (why, seen) => {
    const inventory = inventoryOf({ runs: [run("e-1/a", "a", days(9))], instances: [copy("a")], ...seen });
    expect(() => removal(inventory)).toThrow(
      expect.objectContaining({ code: "CLEANER_EXPERIMENT_NEEDED", message: `e-1 cannot go: ${why}` }),
    );
  });

  test("of which nothing is left is an error", () => {
    expect(() => removal(inventoryOf({}))).toThrow(expect.objectContaining({ code: "CLEANER_EXPERIMENT_NOT_FOUND" }));
  });
});
