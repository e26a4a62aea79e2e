import type { Job } from "@slipway/core";
import { judgeSlurmJob, renderSbatchScript } from "@slipway/sbatch";
import { eventually } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { exited, shells } from "./bench.ts";
import { openSlurmBench } from "./slurm-bench.ts";
import { askedAt } from "./slurm-rows.ts";

function member(name: string, sh: string, rest: Partial<NonNullable<Job["group"]>[number]> = {}) {
  return { name, command: { kind: "argv", argv: ["sh", "-c", sh] } as const, resources: {}, env: {}, ...rest };
}

function judge(files: Readonly<Record<string, string>>, groupMembers: readonly string[]) {
  const nothing = { rows: [], unreadable: [], at: askedAt };
  const { members = [], ...whole } = judgeSlurmJob({
    id: "295",
    token: "e.j.1",
    files,
    squeue: nothing,
    groupMembers,
    now: askedAt,
  });
  return [whole, ...members].map(({ state, exitCode, signal, reason }) => ({ state, exitCode, signal, reason }));
}

const none = { exitCode: undefined, signal: undefined, reason: undefined };
const done = { ...none, state: "succeeded", exitCode: 0 };
const server = "trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.1; done";

describe.concurrent.each(shells)("a group, with $name", ({ program }) => {
  test("succeeds when all have, each with its own log, variables and name", async () => {
    await using bench = await openSlurmBench(program);
    const group = [
      member("a", 'echo "a $V $SLIPWAY_MEMBER"'),
      member("b.c", 'echo "b $V"; echo "and $SLIPWAY_ATTEMPT"'),
    ];
    const code = await bench.run({ job: { group, env: { V: "of all" } } });
    const files = await bench.files();
    expect([code, ...judge(files, ["a", "b.c"])]).toEqual([0, done, done, done]);
    expect([files["attempt-1.a.log"], files["attempt-1.b.c.log"]]).toEqual(["a of all a\n", "b of all\nand 1\n"]);
    expect(files["attempt-1.log"]?.split("\n").toSorted()).toEqual(["", "a of all a", "and 1", "b of all"]);
    expect(Object.keys(files).filter((name) => name.endsWith(".pipe"))).toEqual([]);
  });

  test("ends with the first failure, which is the job's", async () => {
    await using bench = await openSlurmBench(program);
    const group = [member("server", server), member("client", "sleep 0.3; exit 7")];
    const code = await bench.run({ job: { group } });
    const files = await bench.files();
    expect([code, ...judge(files, ["server", "client"])]).toEqual([
      7,
      { ...none, state: "failed", exitCode: 7, reason: "member_failed" },
      done,
      { ...none, state: "failed", exitCode: 7 },
    ]);
    expect(files["attempt-1.exit"]).toContain("\nmember=client\n");
    expect(files["attempt-1.server.log"]).toContain("asked\n");
  });

  test("ends with the success of a member that ends it", async () => {
    await using bench = await openSlurmBench(program);
    const group = [member("server", "while :; do sleep 0.1; done"), member("client", "exit 0", { endsGroup: true })];
    const code = await bench.run({ job: { group } });
    expect([code, ...judge(await bench.files(), ["server", "client"])]).toEqual([
      0,
      done,
      { ...none, state: "cancelled", signal: 15, reason: "group_ended" },
      done,
    ]);
  });

  test("tells all its members to end when Slurm does", async () => {
    await using bench = await openSlurmBench(program);
    await bench.prepare({ job: { group: [member("a", server), member("b", server)] } });
    const script = bench.start();
    const end = exited(script);
    await eventually("both", async () => {
      const files = await bench.files();
      return files["attempt-1.a.log"] === "up\n" && files["attempt-1.b.log"] === "up\n";
    });
    script.kill("SIGTERM");
    await end;
    const files = await bench.files();
    expect([files["attempt-1.a.log"], files["attempt-1.b.log"]]).toEqual([
      expect.stringContaining("asked\n"),
      expect.stringContaining("asked\n"),
    ]);
    expect(judge(files, ["a", "b"])[0]).toEqual({ ...none, state: "cancelled", signal: 15, reason: "terminated" });
  });
});

function render(job: Partial<Job>): string {
  const whole: Job = { name: "j", command: { kind: "argv", argv: ["x"] }, resources: {}, env: {}, needs: [], ...job };
  return renderSbatchScript({
    experiment: "e",
    token: "e.j.1",
    job: whole,
    settings: { partition: "gpu", cpuPartition: "cpu" },
  });
}

test("members of one size share an allocation; other sizes are components of a heterogeneous job", () => {
  const same = render({ group: [member("a", "exit 0"), member("b", "exit 0")] });
  const text = render({
    resources: { gpusPerNode: 8, timeLimitSeconds: 60 },
    group: [member("server", "serve"), member("client", "ask", { resources: { gpusPerNode: 0, nodes: 2 } })],
  });
  expect(same).not.toContain("hetjob");
  expect(text.slice(text.indexOf("#SBATCH"), text.indexOf("slipway_experiment"))).toBe(`#SBATCH --job-name="e.j"
#SBATCH --partition="gpu"
#SBATCH --gpus-per-node="8"
#SBATCH --time="0-00:01:00"
#SBATCH --requeue
#SBATCH --output="slurm.log"
#SBATCH --open-mode="append"
#SBATCH hetjob
#SBATCH --partition="cpu"
#SBATCH --nodes="2"
#SBATCH --ntasks-per-node="1"
#SBATCH --time="0-00:01:00"

`);
  expect(text.slice(text.indexOf("slipway_start_member"), text.indexOf("# --- "))).toBe(`slipway_start_member() {
  case $1 in
  server) slipway_run srun --het-group=0 --overlap --nodes=1 --ntasks-per-node=1 --export=ALL --kill-on-bad-exit=1 sh -c serve ;;
  client) slipway_run srun --het-group=1 --overlap --nodes=2 --ntasks-per-node=1 --export=ALL --kill-on-bad-exit=1 sh -c ask ;;
  esac
}

`);
});

test.each<[string, Partial<Job>, string]>([
  ["of one", { group: [member("a", "x")] }, "The group j has 1 members"],
  ["with one name twice", { group: [member("a", "x"), member("a", "y")] }, "The group j has two members of one name"],
  [
    "that is an array too",
    { array: { indices: [1] }, group: [member("a", "x"), member("b", "y")] },
    "Job j is a group and an array",
  ],
  [
    "with a name that is no file's",
    { group: [member("a/b", "x"), member("b", "y")] },
    '"a/b" is not a name for an experiment or a job',
  ],
  [
    "with a launcher",
    { launcher: "torchrun", group: [member("a", "x"), member("b", "y")] },
    "The group j has the launcher torchrun",
  ],
])("refuses a group %s", (_, job, message) => {
  expect(() => render(job)).toThrow(expect.objectContaining({ message }));
});
