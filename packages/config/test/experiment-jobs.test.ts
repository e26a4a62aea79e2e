import { ConfigError, experimentFromValue, parseExperiment } from "@slipway/config";
import { parseAfter, parseArray, parseWarning, repeatJobs, retriesForEach } from "@slipway/config/light";
import { expect, test } from "vitest";

import { mistakesOf } from "./mistakes.ts";

const mistakes = (text: string, containers?: readonly string[]) =>
  mistakesOf(() => parseExperiment(text, "e.yaml", { containers }));
const jobsOf = (text: string) => parseExperiment(`name: e\njobs:\n${text}`, "e.yaml").jobs;
const shell = (...lines: readonly string[]) => ({ kind: "shell", lines }) as const;

test("a matrix becomes an array: each combination in the file's order, the last key's values changing fastest", () => {
  const [job] = jobsOf(`  train:
    run: python train.py --lr {lr} --seed {seed} --out "\${OUT}/{{lr}}" '{a,b}'
    matrix: { lr: [1e-3, 0.10], seed: [1, 2] }
    max_running: 3
`);
  const element = (lr: string, seed: string) => ({
    command: shell(`python train.py --lr ${lr} --seed ${seed} --out "\${OUT}/{lr}" '{a,b}'`),
    values: { lr, seed },
  });
  expect(job?.array).toEqual({
    indices: [0, 1, 2, 3],
    maxRunning: 3,
    elements: { 0: element("1e-3", "1"), 1: element("1e-3", "2"), 2: element("0.10", "1"), 3: element("0.10", "2") },
  });
});

test("placeholders are filled in arguments and variables too", () => {
  const [argv, lines] =
    jobsOf(`  a: { argv: [train, "--lr={lr}"], env: { NAME: "run {lr}", KEEP: x }, matrix: { lr: [0.1] } }
  b: { run: [make, "echo $NAME"], env: { NAME: "it's {lr}" }, matrix: { lr: 0.1 } }
`);
  expect(argv?.array?.elements).toEqual({
    0: { command: { kind: "argv", argv: ["env", "NAME=run 0.1", "train", "--lr=0.1"] }, values: { lr: "0.1" } },
  });
  expect(lines?.array?.elements?.[0]?.command).toEqual(shell("export NAME='it'\\''s 0.1'", "make", "echo $NAME"));
});

test("tells what is wrong with a matrix, where it stands", () => {
  const text = `name: e
jobs:
  a: { run: "x {lr} {sed} {{print}}", matrix: { lr: [1], seed: [2], unused: [3] } }
  b: { run: "{lr}", matrix: { lr: [] } }
  c: { run: "x", matrix: {} }
  d: { run: "{lr}", matrix: { lr: [[1]] }, array: 0-3 }
  e: { run: "{a}{b}{c}", matrix: { a: &many [0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9], b: *many, c: *many } }
  f: { run: x, max_running: 2 }
  g: { argv: [x, "{lr}"], matrix: { "l r": [1] } }
`;
  expect(mistakes(text)).toEqual([
    "e.yaml:3:13: jobs.a.run: the matrix has no value for {sed}; did you mean seed?; {{sed}} stands for {sed} itself",
    "e.yaml:3:58: jobs.a.matrix.seed: no run, argv or env uses this key; write {seed} where its value belongs, or take it away",
    "e.yaml:3:69: jobs.a.matrix.unused: no run, argv or env uses this key; write {unused} where its value belongs, or take it away",
    "e.yaml:4:35: jobs.b.matrix.lr: expected at least one value, got none",
    "e.yaml:5:26: jobs.c.matrix: expected at least one key with values, got none",
    "e.yaml:6:36: jobs.d.matrix.lr.0: expected text, a number or true/false, got a list",
    "e.yaml:6:44: jobs.d.array: matrix stands here too; a job has one of them",
    "e.yaml:7:34: jobs.e.matrix: makes 125000 jobs; at most 100000 are possible",
    "e.yaml:8:16: jobs.f.max_running: there is no matrix here",
    "e.yaml:9:18: jobs.g.argv.1: the matrix has no value for {lr}; {{lr}} stands for {lr} itself",
    'e.yaml:9:37: jobs.g.matrix."l r": expected letters, digits and underscores',
  ]);
});

test("a group's commands have their own resources, variables and container; the job's command is the first one's", () => {
  const [job] = jobsOf(`  serve:
    time: 1h
    env: { PORT: 80 }
    group:
      server: { run: ./serve.sh, gpus: 8, container: vllm, mounts: ["/data:/data:ro"] }
      client: { argv: [./client.sh], gpus: 0, env: { A: 1 }, ends_group: true }
`);
  expect(job).toEqual({
    name: "serve",
    command: shell("./serve.sh"),
    resources: { timeLimitSeconds: 3_600 },
    env: { PORT: "80" },
    needs: [],
    group: [
      {
        name: "server",
        command: shell("./serve.sh"),
        resources: { gpusPerNode: 8 },
        env: {},
        container: "vllm",
        mounts: ["/data:/data:ro"],
      },
      {
        name: "client",
        command: { kind: "argv", argv: ["./client.sh"] },
        resources: { gpusPerNode: 0 },
        env: { A: "1" },
        endsGroup: true,
      },
    ],
  });
});

test("tells what is wrong with a group", () => {
  const text = `name: e
jobs:
  a: { group: { one: { run: x } } }
  b: { run: x, group: { s: { run: x }, S: { run: x } }, matrix: { lr: [1] }, launcher: torchrun }
  c: { group: { a b: { run: "" }, d: { gpus: 1, env: { A-B: 1 }, retries: 1 }, e: } }
  d: { group: {} }
`;
  expect(mistakes(text)).toEqual([
    "e.yaml:3:15: jobs.a.group: expected at least two commands, got one",
    "e.yaml:4:8: jobs.b.run: group stands here too; a job has one of them",
    "e.yaml:4:40: jobs.b.group.S: differs from s only in upper and lower case",
    "e.yaml:4:57: jobs.b.matrix: group stands here too; a job has one of them",
    "e.yaml:4:78: jobs.b.launcher: group stands here too; a job has one of them",
    'e.yaml:5:17: jobs.c.group."a b": expected letters, digits, "_", "." or "-", at most 63, the first a letter or a digit, got "a b"',
    'e.yaml:5:29: jobs.c.group."a b".run: expected at least one command, got nothing',
    "e.yaml:5:35: jobs.c.group.d: missing; expected run or argv",
    'e.yaml:5:56: jobs.c.group.d.env.A-B: expected a variable\'s name such as HF_HOME, got "A-B"',
    "e.yaml:5:66: jobs.c.group.d.retries: unknown key; the keys here are: run, argv, nodes, ntasks_per_node, gpus, cpus, mem, time, partition, account, qos, container, mounts, env, ends_group",
    "e.yaml:5:80: jobs.c.group.e: expected a map with run, argv, nodes, …, got nothing",
    "e.yaml:6:15: jobs.d.group: expected at least two commands, got none",
  ]);
});

test("a container's name must be one of the cluster's; a path or an image is taken as it is", () => {
  const text = `name: e
defaults: { container: troch }
jobs:
  a: { run: x, container: /images/any.sqsh }
  b: { run: x, container: nvcr.io/nvidia/pytorch:25.01 }
  c: { group: { s: { run: x, container: torch }, t: { run: x, container: vllm } } }
`;
  expect(mistakes(text)).toEqual([]);
  expect(mistakes(text, [])).toEqual([]);
  expect(mistakes(text, ["torch"])).toEqual([
    'e.yaml:2:24: defaults.container: the cluster has no container "troch"; did you mean torch?',
    'e.yaml:6:74: jobs.c.group.t.container: the cluster has no container "vllm"; its containers are: torch',
  ]);
});

test("defaults hold for every job that does not say otherwise; variables and sbatch's options are merged", () => {
  const [a, b] = parseExperiment(
    `name: e
defaults: { container: torch, mounts: ["/d:/d"], retries: 2, launcher: torchrun, workdir: copy, warning: USR1@300, sbatch: { constraint: a100, nice: 5 } }
jobs:
  a: { run: x }
  b: { run: x, container: other, mounts: [], retries: { timeout: 5, preempted: unlimited, node_failed: 0, failed: 1, requested: 3 }, launcher: none, workdir: shared, warning: SIGUSR2@5m, sbatch: { nice: 010, exclusive: true } }
`,
    "e.yaml",
  ).jobs;
  const common = { command: shell("x"), resources: {}, env: {}, needs: [] };
  expect(a).toEqual({
    ...common,
    name: "a",
    container: "torch",
    mounts: ["/d:/d"],
    retries: { timeout: 2, preempted: 2, nodeFailed: 2, failed: 2 },
    launcher: "torchrun",
    workdir: "copy",
    warning: { signalName: "USR1", secondsBefore: 300 },
    sbatch: { constraint: "a100", nice: "5" },
  });
  expect(b).toEqual({
    ...common,
    name: "b",
    container: "other",
    mounts: [],
    retries: { timeout: 5, preempted: "unlimited", nodeFailed: 0, failed: 1, requested: 3 },
    launcher: "none",
    workdir: "shared",
    warning: { signalName: "USR2", secondsBefore: 300 },
    sbatch: { constraint: "a100", nice: "010", exclusive: true },
  });
});

test("tells what was expected of retries, warnings, arrays, mounts and the rest", () => {
  const text = `name: e
jobs:
  a: { run: x, retries: -1, warning: KILL@3, array: 3-1, mounts: [a:b], repeat: 0 }
  b: { run: x, retries: { timeout: many, crashed: 1 }, warning: USR1@0, launcher: mpirun, workdir: here }
  c: { run: x, retries: often, container: "a b", sbatch: [a], after: "a/b/c", max_running: 0, matrix: [1] }
`;
  expect(mistakes(text)).toEqual([
    "e.yaml:3:25: jobs.a.retries: expected a whole number of at least 0, got -1",
    'e.yaml:3:38: jobs.a.warning: expected a signal and the time before the limit, such as USR1@300 or USR2@5m, got "KILL@3"',
    'e.yaml:3:53: jobs.a.array: expected indices below 1000000 such as 0-9, 1,3,5-9:2 or 0-99%4, got "3-1"',
    'e.yaml:3:67: jobs.a.mounts.0: expected SOURCE:TARGET or SOURCE:TARGET:ro with absolute paths, got "a:b"',
    "e.yaml:3:81: jobs.a.repeat: expected a whole number of at least 1, got 0",
    'e.yaml:4:36: jobs.b.retries.timeout: expected a whole number or unlimited, got "many"',
    "e.yaml:4:42: jobs.b.retries.crashed: unknown key; the keys here are: timeout, preempted, node_failed, failed, requested",
    'e.yaml:4:65: jobs.b.warning: expected a signal and the time before the limit, such as USR1@300 or USR2@5m, got "USR1@0"',
    'e.yaml:4:83: jobs.b.launcher: expected one of none, torchrun, got "mpirun"',
    'e.yaml:4:100: jobs.b.workdir: expected one of shared, copy, got "here"',
    'e.yaml:5:25: jobs.c.retries: expected a whole number, or budgets by cause, got "often"',
    'e.yaml:5:43: jobs.c.container: expected the name of a container or an image, got "a b"',
    "e.yaml:5:58: jobs.c.sbatch: expected a map of sbatch options, got a list",
    'e.yaml:5:70: jobs.c.after: expected an experiment such as EXP, EXP/JOB or EXP/JOB:any, got "a/b/c"',
    "e.yaml:5:92: jobs.c.max_running: expected a whole number of at least 1, got 0",
    "e.yaml:5:103: jobs.c.matrix: expected a map of lists of values, got a list",
  ]);
});

test("a warning that is no shorter than the time limit is told, at the job or once at the defaults", () => {
  const text = `name: e
defaults: { time: 5m, warning: USR1@2m }
jobs:
  fine: { run: x }
  longer: { run: x, warning: USR2@300 }
  shorter: { run: x, time: 1m }
  both: { run: x, time: 1m, warning: USR2@61 }
`;
  const told = (job: string, key: string, signal: string, limit: string) =>
    `jobs.${job}.${key}: the warning ${signal} would come before the start: the time limit is ${limit}`;
  expect(mistakesOf(() => parseExperiment(text, "e.yaml"))).toEqual([
    `e.yaml:5:30: ${told("longer", "warning", "USR2@300", "5m")}`,
    `e.yaml:6:28: ${told("shorter", "time", "USR1@2m", "1m")}`,
    `e.yaml:7:38: ${told("both", "warning", "USR2@61", "1m")}`,
  ]);
  expect(
    mistakesOf(() =>
      parseExperiment(
        "name: e\ndefaults: { time: 60, warning: USR1@2h }\njobs:\n  a: { run: x }\n  b: { run: y }\n",
        "e.yaml",
      ),
    ),
  ).toHaveLength(1);
});

test("repeat makes a chain in one run directory; who needs the job needs the last of it", () => {
  const config = parseExperiment(
    `name: e
after: earlier:any
jobs:
  prepare: { run: p }
  train: { run: t, repeat: 3, needs: prepare, secrets: [TOKEN], after: [other/train, third:notok] }
  eval: { run: e, needs: [train, { job: prepare, type: any }] }
  once: { run: o, repeat: 1 }
`,
    "e.yaml",
  );
  const job = (name: string, line: string, ...needs: readonly (readonly [string, string])[]) => ({
    name,
    command: shell(line),
    resources: {},
    env: {},
    needs: needs.map(([needed, type]) => ({ job: needed, type })),
  });
  expect(config).toEqual({
    name: "e",
    jobs: [
      job("prepare", "p"),
      job("train-1", "t", ["prepare", "ok"]),
      { ...job("train-2", "t", ["train-1", "any"]), runDirOf: "train-1" },
      { ...job("train-3", "t", ["train-2", "any"]), runDirOf: "train-1" },
      job("eval", "e", ["train-3", "ok"], ["prepare", "any"]),
      job("once", "o"),
    ],
    secrets: ["TOKEN"],
    secretsByJob: { "train-1": ["TOKEN"], "train-2": ["TOKEN"], "train-3": ["TOKEN"] },
    unsaidNeedsByJob: { "train-1": ["prepare"], eval: ["train-3"] },
    afterByJob: {
      prepare: [{ experiment: "earlier", type: "any" }],
      "train-1": [
        { experiment: "other", job: "train", type: "ok" },
        { experiment: "third", type: "notok" },
      ],
      once: [{ experiment: "earlier", type: "any" }],
    },
  });
  expect(repeatJobs([], { a: 2 })).toEqual([]);
});

test("a chain's jobs must have names of their own, that are no longer than names may be", () => {
  const long = "a".repeat(62);
  expect(
    mistakes(`name: e
jobs:
  train: { run: t, repeat: 2 }
  Train-2: { run: t }
  ${long}: { run: t, repeat: 2 }
  b: { run: t, repeat: 5000 }
`),
  ).toEqual([
    "e.yaml:3:28: jobs.train.repeat: makes a job of the name Train-2, which is there too",
    `e.yaml:5:${long.length + 23}: jobs.${long}.repeat: makes a job ${long}-2, whose name is too long`,
    "e.yaml:6:24: jobs.b.repeat: at most 1000 jobs can be chained, got 5000",
  ]);
});

test("elements wait for corresponding elements where both jobs have the same ones", () => {
  const needs = "needs: { job: a, type: corresponding }";
  const array = `  a: { run: "{x}", matrix: { x: [1, 2] } }\n`;
  expect(jobsOf(`${array}  b: { run: x, array: 0-1, ${needs} }\n`)[1]?.needs).toEqual([
    { job: "a", type: "corresponding" },
  ]);
  expect(
    mistakes(`name: e\njobs:\n${array}  b: { run: x, array: 0-2, ${needs} }\n  c: { run: x, ${needs} }\n`),
  ).toEqual([
    "e.yaml:4:42: jobs.b.needs.job: the elements of b and a do not correspond: 3 and 2",
    "e.yaml:5:30: jobs.c.needs.job: corresponding elements need two arrays; c has neither matrix nor array",
  ]);
});

test("values are set by their path before the file is read", () => {
  const text = `name: e
jobs:
  train.a: { run: "x {lr}", matrix: { lr: [1, 2] }, gpus: 8 }
  eval:
    run: y
    env:
`;
  const set = [
    "jobs.train.a.gpus=2",
    "jobs.train.a.matrix.lr=[0.10]",
    "jobs.eval.env.SEED=007",
    "defaults.time=1h",
    "name=f",
  ];
  const { name, jobs } = parseExperiment(text, "e.yaml", { set });
  expect([name, jobs[0]?.resources, jobs[0]?.array?.elements?.[0]?.values, jobs[1]?.env]).toEqual([
    "f",
    { gpusPerNode: 2, timeLimitSeconds: 3_600 },
    { lr: "0.10" },
    { SEED: "007" },
  ]);
  const argv = parseExperiment("name: e\njobs: {a: {argv: [a, b]}}\n", "e.yaml", { set: ["jobs.a.argv.1=c d"] })
    .jobs[0];
  expect(argv?.command).toEqual({ kind: "argv", argv: ["a", "c d"] });
  expect(mistakesOf(() => parseExperiment(text, "e.yaml", { set: ["jobs.eval.gpu=1"] }))).toEqual([
    "e.yaml:4:3: jobs.eval.gpu: unknown key; did you mean gpus?",
  ]);
});

test.each([
  ["gpus", "write PATH=VALUE, such as jobs.train.gpus=4"],
  ["=1", "write PATH=VALUE, such as jobs.train.gpus=4"],
  ["jobs..a=1", "write PATH=VALUE, such as jobs.train.gpus=4"],
  ["jobs.a.run.b=1", "jobs.a.run is no map"],
  ["jobs.b.run=1", "jobs.b is an alias; set the place that its anchor stands at"],
  ["jobs.a.gpus={", "the value is not YAML; put quotes around it"],
])("what cannot be set is told: %s", (setting, hint) => {
  const parse = () => parseExperiment("name: e\njobs: {a: &a {run: x}, b: *a}\n", "e.yaml", { set: [setting] });
  expect(parse).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID_VALUE",
      message: `${JSON.stringify(setting)} cannot be set`,
      hint,
    }),
  );
});

test("an experiment written as a value is read as its file is, and its mistakes are told by their keys", () => {
  const value = {
    name: "lr",
    defaults: { gpus: 0, time: undefined },
    jobs: { train: { run: "x {lr}", matrix: { lr: [0.001, "2"] } }, eval: { run: ["y"], needs: "train" } },
  } as const;
  const text = `name: lr\ndefaults: {gpus: 0}\njobs: {train: {run: "x {lr}", matrix: {lr: [0.001, "2"]}}, eval: {run: [y], needs: train}}\n`;
  // @ts-expect-error -- The value of a key that is left out.
  expect(experimentFromValue(value)).toEqual(parseExperiment(text, "e.yaml"));
  expect(
    mistakesOf(() => experimentFromValue({ name: "lr", jobs: { train: { run: "{lr}", needs: "prep" } } })),
  ).toEqual(['experiment:1:1: jobs.train.needs: there is no job "prep"']);
});

test("reads arrays, warnings, experiments to wait for and budgets from words", () => {
  expect(parseArray("1,3,5-9:2%4")).toEqual({ indices: [1, 3, 5, 7, 9], maxRunning: 4 });
  expect(parseWarning("USR1@90s")).toEqual({ signalName: "USR1", secondsBefore: 90 });
  expect(parseAfter("exp-1/train.2:any")).toEqual({ experiment: "exp-1", job: "train.2", type: "any" });
  expect(retriesForEach(2)).toEqual({ timeout: 2, preempted: 2, nodeFailed: 2, failed: 2 });
  for (const text of ["", "a", "1-", "1%0", "9999999", "1;2"]) expect(() => parseArray(text)).toThrow(ConfigError);
  for (const text of ["exp:sometimes", "/a", "a//b", ""]) expect(() => parseAfter(text)).toThrow(ConfigError);
});
