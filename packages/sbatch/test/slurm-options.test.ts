import { checkSlurmOptions, renderSbatchScript, slurmOptions } from "@slipway/sbatch";
import type { SlurmOptions } from "@slipway/sbatch";
import { describe, expect, test } from "vitest";

const messages = (options: SlurmOptions, slurmVersion?: string) =>
  checkSlurmOptions(options, { slurmVersion }).map(({ message }) => message);

test("knows every option of sbatch, with its releases", () => {
  expect(slurmOptions.size).toBe(123);
  expect([slurmOptions.get("constraint"), slurmOptions.get("segment")]).toEqual([
    { name: "constraint", type: "string", variables: ["SBATCH_CONSTRAINT"] },
    { name: "segment", type: "int", since: "24.05", variables: ["SBATCH_SEGMENT_SIZE"] },
  ]);
});

test("finds nothing wrong with what sbatch reads", () => {
  const options: SlurmOptions = {
    constraint: "a100&ib",
    exclusive: true,
    "mail-type": ["FAIL", "TIME_LIMIT_90"],
    mem: "16G",
    "mem-bind": undefined,
    gres: "gpu:a100:2",
    nodelist: ["n1", "n[3-4]"],
    nice: -5,
    begin: "now+1hour",
    "time-min": "1-12:00:00",
    reboot: false,
    switches: "1@30:00",
    propagate: "NOFILE,STACK",
    priority: "TOP",
    gpus: 8,
    "core-spec": 0,
    export: "ALL,A=b",
  };
  expect(checkSlurmOptions(options, { slurmVersion: "22.05.8" })).toEqual([]);
});

test("names the nearest option for one that is not there", () => {
  expect(checkSlurmOptions({ constrain: "a", mem_per_cpu: "1G", zzz: 1 })).toEqual([
    { option: "constrain", message: 'sbatch has no option "constrain"', hint: "Did you mean constraint?" },
    { option: "mem_per_cpu", message: 'sbatch has no option "mem_per_cpu"', hint: "Did you mean mem-per-cpu?" },
    { option: "zzz", message: 'sbatch has no option "zzz"' },
  ]);
});

test.each([
  ["mem", "16 GB", 'mem takes an amount of memory such as 4000M or 16G, not "16 GB"'],
  ["mem", true, 'mem takes an amount of memory such as 4000M or 16G, not "true"'],
  ["mincpus", 0, 'mincpus takes a whole number from 1, not "0"'],
  ["mincpus", 1.5, 'mincpus takes a whole number from 1, not "1.5"'],
  ["exclusive", "False", 'exclusive takes one of user, mcs, topo, not "False"'],
  ["contiguous", "yes", 'contiguous takes true or false, not "yes"'],
  [
    "mail-type",
    ["FAIL", "NEVER"],
    'mail-type takes some of NONE, BEGIN, END, FAIL, REQUEUE, ALL, INVALID_DEPEND, STAGE_OUT, TIME_LIMIT, TIME_LIMIT_90, TIME_LIMIT_80, TIME_LIMIT_50, ARRAY_TASKS, not "FAIL,NEVER"',
  ],
  ["time", "4h", 'time takes a duration such as 90 (minutes), 4:00:00 or 1-12:00:00, not "4h"'],
  ["begin", "a b", 'begin takes a time such as 2030-01-31T12:00:00 or now+1hour, not "a b"'],
  ["nodes", "two", 'nodes takes a number of nodes, or the least and the most such as 2-4, not "two"'],
  ["gpus", "a100", 'gpus takes a number, or a type and a number such as a100:2, not "a100"'],
  ["account", "", 'account takes a text, not ""'],
  ["account", ["a", "b"], 'account takes a text, not "a,b"'],
])("tells what %s takes, given %j", (name, value, message) => {
  expect(messages({ [name]: value })).toEqual([message]);
});

test("knows what the cluster's release has", () => {
  const options = { segment: 4, power: "x", "container-type": "runc" };
  expect([
    messages(options),
    messages(options, "22.05.8"),
    messages(options, "26.05.1"),
    messages(options, "26.11.0"),
  ]).toEqual([
    [],
    [
      "segment came with Slurm 24.05; this cluster has 22.05",
      "container-type came with Slurm 26.05; this cluster has 22.05",
    ],
    ["power went after Slurm 23.11; this cluster has 26.05"],
    [
      "power went after Slurm 23.11; this cluster has 26.11",
      "container-type went after Slurm 26.05; this cluster has 26.11",
    ],
  ]);
});

test("leaves alone what is slipway's own", () => {
  const owned = [
    "parsable",
    "hold",
    "comment",
    "job-name",
    "output",
    "wrap",
    "chdir",
    "array",
    "dependency",
    "signal",
    "uid",
  ];
  expect(owned.map((option) => messages({ [option]: "x" }))).toEqual(
    owned.map((option) => [`${option} is slipway's own to set`]),
  );
});

describe("options against each other", () => {
  test("are told by name", () => {
    expect(
      messages({ mem: "1G", "mem-per-cpu": "1G", "mem-per-gpu": "1G", exclusive: true, oversubscribe: false }),
    ).toEqual(["mem-per-cpu and mem cannot be asked for together", "mem-per-gpu and mem cannot be asked for together"]);
  });

  test("depend on the release, where it changed", () => {
    const options = { gres: "tmp:1,gpu:2", "gpus-per-node": 2 };
    expect([messages(options, "25.11.0"), messages(options, "26.05.0")]).toEqual([
      [],
      ["gres=gpu and gpus-per-node cannot be asked for together"],
    ]);
  });

  test("are also those that the job's resources stand for", () => {
    const job = {
      name: "j",
      command: { kind: "shell", lines: ["true"] },
      resources: { memoryMiB: 100 },
      env: {},
      needs: [],
    } as const;
    const render = () =>
      renderSbatchScript({ experiment: "e", token: "e.j.1", job, settings: { sbatch: { "mem-per-cpu": "1G" } } });
    expect(render).toThrow(
      expect.objectContaining({
        code: "SBATCH_INVALID_OPTION",
        message: "mem-per-cpu and mem cannot be asked for together",
        hint: "Leave one out",
        details: [
          { option: "mem-per-cpu", message: "mem-per-cpu and mem cannot be asked for together", hint: "Leave one out" },
        ],
      }),
    );
  });
});
