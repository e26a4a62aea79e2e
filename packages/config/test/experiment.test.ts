import { parseExperiment } from "@slipway/config";
import { expect, test } from "vitest";

import { mistakesOf } from "./mistakes.ts";

const mistakes = (text: string) => mistakesOf(() => parseExperiment(text, "e.yaml"));
const jobsOf = (text: string) => parseExperiment(`name: e\njobs:\n${text}`, "e.yaml").jobs;

test("reads jobs with the file's defaults, in the file's order", () => {
  const text = `name: lr-sweep
cluster: dgx
defaults: { gpus: 8, time: 4h, partition: gpu, env: { HF_HOME: /data/hf, SEED: 1 } }
jobs:
  train:
    run: python train.py --lr {lr} --out $SLIPWAY_RUN_DIR/ckpt
    nodes: 2
    ntasks_per_node: 8
    cpus: 4
    mem: 64G
    account: nlp
    qos: high
    secrets: [HF_TOKEN, WANDB_API_KEY, HF_TOKEN]
  eval:
    needs: train
    argv: [python, eval.py, --ratio, 0.10, ""]
    gpus: 0
    time: 30
    env: { SEED: "2" }
    secrets: [HF_TOKEN]
`;
  expect(parseExperiment(text, "e.yaml")).toEqual({
    name: "lr-sweep",
    cluster: "dgx",
    jobs: [
      {
        name: "train",
        command: { kind: "shell", lines: ["python train.py --lr {lr} --out $SLIPWAY_RUN_DIR/ckpt"] },
        resources: {
          nodes: 2,
          tasksPerNode: 8,
          gpusPerNode: 8,
          cpusPerTask: 4,
          memoryMiB: 65_536,
          timeLimitSeconds: 14_400,
          partition: "gpu",
          account: "nlp",
          qos: "high",
        },
        env: { HF_HOME: "/data/hf", SEED: "1" },
        needs: [],
      },
      {
        name: "eval",
        command: { kind: "argv", argv: ["python", "eval.py", "--ratio", "0.10", ""] },
        resources: { gpusPerNode: 0, timeLimitSeconds: 1_800, partition: "gpu" },
        env: { HF_HOME: "/data/hf", SEED: "2" },
        needs: [{ job: "train", type: "ok" }],
      },
    ],
    secrets: ["HF_TOKEN", "WANDB_API_KEY"],
    secretsByJob: { train: ["HF_TOKEN", "WANDB_API_KEY"], eval: ["HF_TOKEN"] },
    unsaidNeedsByJob: { eval: ["train"] },
  });
});

test("commands are the lines of a text or of a list; braces of the shell stay as they are", () => {
  const jobs = jobsOf(`  text: {run: "echo {a,b} \${HOME}"}
  block:
    run: |
      cat <<EOF
        indented
      EOF

  list: {run: [make, "a\\nb", true]}
`);
  expect(jobs.map(({ command }) => command)).toEqual([
    { kind: "shell", lines: ["echo {a,b} ${HOME}"] },
    { kind: "shell", lines: ["cat <<EOF", "  indented", "EOF"] },
    { kind: "shell", lines: ["make", "a", "b", "true"] },
  ]);
});

test("numbers and words that YAML reads are taken as they are written where text is meant", () => {
  const [job] = jobsOf(`  007:
    argv: [run, 1.10, 0x1F, 1e3, true, null-like]
    account: 0123
    env: {A: 1.10, B: 0o17, C: true, D: "", E: no}
`);
  expect(job).toEqual({
    name: "007",
    command: { kind: "argv", argv: ["run", "1.10", "0x1F", "1e3", "true", "null-like"] },
    resources: { account: "0123" },
    env: { A: "1.10", B: "0o17", C: "true", D: "", E: "no" },
    needs: [],
  });
});

test.each([
  ["a", [{ job: "a", type: "ok" }]],
  [
    "[a, b]",
    [
      { job: "a", type: "ok" },
      { job: "b", type: "ok" },
    ],
  ],
  ["{job: a, type: any}", [{ job: "a", type: "any" }]],
  [
    "[a, {job: b, type: notok}]",
    [
      { job: "a", type: "ok" },
      { job: "b", type: "notok" },
    ],
  ],
  ["{job: a}", [{ job: "a", type: "ok" }]],
  ["[]", []],
])("reads needs: %s", (needs, expected) => {
  const jobs = jobsOf(`  a: {run: a}\n  b: {run: b}\n  c: {run: c, needs: ${needs}}\n`);
  expect(jobs[2]?.needs).toEqual(expected);
});

test("a job may have any name that objects have", () => {
  const jobs = jobsOf("  constructor: {run: a}\n  toString: {run: a, needs: constructor}\n");
  expect(jobs.map(({ name }) => name)).toEqual(["constructor", "toString"]);
  expect(mistakes("name: e\njobs: {a: {run: a, needs: toString}}\n")).toEqual([
    'e.yaml:2:27: jobs.a.needs: there is no job "toString"',
  ]);
});

test("asks for what is missing at its parent", () => {
  expect(mistakes("")).toEqual([
    "e.yaml:1:1: jobs: missing; expected a map of jobs by name",
    "e.yaml:1:1: name: missing; expected a name",
  ]);
  expect(mistakes("name: e\njobs: {}\n")).toEqual(["e.yaml:2:7: jobs: expected at least one job, got none"]);
  expect(mistakes("name: e\njobs:\n  a: {gpus: 1}\n  b:\n  c: {run: c, needs: {type: ok}}\n")).toEqual([
    "e.yaml:3:3: jobs.a: missing; expected run or argv",
    "e.yaml:4:3: jobs.b: expected a map with run, argv, needs, …, got nothing",
    "e.yaml:5:15: jobs.c.needs.job: missing; expected a job's name",
  ]);
});

test("tells what is wrong with commands", () => {
  const text = `name: e
jobs:
  a: {run: a, argv: [a]}
  b: {run: ""}
  c: {run: ["", " "]}
  d: {run: []}
  e: {argv: []}
  f: {argv: ["", a]}
  g: {argv: echo}
  h: {argv: [echo, [a], {b: c}]}
  i: {run: {a: b}}
  j: {run: "a\\0b"}
`;
  expect(mistakes(text)).toEqual([
    "e.yaml:3:15: jobs.a.argv: run stands here too; a job has one of them",
    "e.yaml:4:12: jobs.b.run: expected at least one command, got nothing",
    "e.yaml:5:12: jobs.c.run: expected at least one command, got nothing",
    "e.yaml:6:12: jobs.d.run: expected at least one command, got nothing",
    "e.yaml:7:13: jobs.e.argv: expected a program and its arguments, got nothing",
    "e.yaml:8:13: jobs.f.argv: expected a program and its arguments, got nothing",
    'e.yaml:9:13: jobs.g.argv: expected a list of arguments, got "echo"',
    "e.yaml:10:20: jobs.h.argv.1: expected text, a number or true/false, got a list",
    "e.yaml:10:25: jobs.h.argv.2: expected text, a number or true/false, got a map",
    "e.yaml:11:12: jobs.i.run: expected a command or a list of commands, got a map",
    "e.yaml:12:12: jobs.j.run: a NUL character cannot stand here",
  ]);
});

test("tells what was expected of a value, and what stood there", () => {
  const text = `name: e
defaults: {gpus: eight, nodes: 0, cpus: 1.5, time: soon, mem: [1], partition: {}}
jobs:
  a: {run: a, gpus: -1, ntasks_per_node: "2", time: 0, mem: 64X, env: [A=1], secrets: HF_TOKEN}
  b: {run: a, env: {A-B: 1, C: , D: [1]}, secrets: [HF-TOKEN], gpu: 1}
`;
  expect(mistakes(text)).toEqual([
    'e.yaml:2:18: defaults.gpus: expected a whole number of at least 0, got "eight"',
    "e.yaml:2:32: defaults.nodes: expected a whole number of at least 1, got 0",
    "e.yaml:2:41: defaults.cpus: expected a whole number of at least 1, got 1.5",
    'e.yaml:2:52: defaults.time: expected a duration such as 4h, 90m, 1h30m or 1-12:30:00, got "soon"',
    "e.yaml:2:63: defaults.mem: expected memory such as 64G or 64000M, got a list",
    "e.yaml:2:79: defaults.partition: expected text, got a map",
    "e.yaml:4:21: jobs.a.gpus: expected a whole number of at least 0, got -1",
    'e.yaml:4:42: jobs.a.ntasks_per_node: expected a whole number of at least 1, got "2"',
    "e.yaml:4:53: jobs.a.time: expected a duration such as 4h, 90m, 1h30m or 1-12:30:00, got 0",
    'e.yaml:4:61: jobs.a.mem: expected memory such as 64G or 64000M, got "64X"',
    "e.yaml:4:71: jobs.a.env: expected a map of variables, got a list",
    'e.yaml:4:87: jobs.a.secrets: expected a list of variable names, got "HF_TOKEN"',
    'e.yaml:5:21: jobs.b.env.A-B: expected a variable\'s name such as HF_HOME, got "A-B"',
    "e.yaml:5:29: jobs.b.env.C: expected text, a number or true/false, got nothing",
    "e.yaml:5:37: jobs.b.env.D: expected text, a number or true/false, got a list",
    'e.yaml:5:53: jobs.b.secrets.0: expected a variable\'s name such as HF_TOKEN, got "HF-TOKEN"',
    "e.yaml:5:64: jobs.b.gpu: unknown key; did you mean gpus?",
  ]);
});

test("refuses names that cannot be a directory, or that share one", () => {
  const long = "a".repeat(64);
  const words = `expected letters, digits, "_", "." or "-", at most 63, the first a letter or a digit, got`;
  expect(
    mistakes(
      `name: my run\njobs:\n  a/b: {run: a}\n  .a: {run: a}\n  ${long}: {run: a}\n  A: {run: a}\n  a: {run: a}\n`,
    ),
  ).toEqual([
    `e.yaml:1:7: name: ${words} "my run"`,
    `e.yaml:3:3: jobs.a/b: ${words} "a/b"`,
    `e.yaml:4:3: jobs.".a": ${words} ".a"`,
    `e.yaml:5:3: jobs.${long}: ${words} "${"a".repeat(57)}…"`,
    "e.yaml:7:3: jobs.a: differs from A only in upper and lower case",
  ]);
});

test("tells of needs that cannot be met", () => {
  const text = `name: e
jobs:
  train: {run: a}
  eval: {run: a, needs: trian}
  plot: {run: a, needs: [plot, train, {job: train, type: any}, {job: eval, typ: ok}]}
  report: {run: a, needs: [{job: nothing-like-it, type: sometime}]}
  last: {run: a, needs: [[train]]}
`;
  expect(mistakes(text)).toEqual([
    'e.yaml:4:25: jobs.eval.needs: there is no job "trian"; did you mean train?',
    "e.yaml:5:26: jobs.plot.needs.0: a job cannot need itself",
    "e.yaml:5:45: jobs.plot.needs.2.job: train is needed twice",
    "e.yaml:5:76: jobs.plot.needs.3.typ: unknown key; did you mean type?",
    'e.yaml:6:34: jobs.report.needs.0.job: there is no job "nothing-like-it"; the other jobs are: train, eval, plot, last',
    'e.yaml:6:57: jobs.report.needs.0.type: expected one of ok, any, notok, corresponding, got "sometime"',
    "e.yaml:7:26: jobs.last.needs.0: expected a job's name, got a list",
  ]);
});

test("names each cycle once, from its first job on, and nothing that only waits for one", () => {
  const text = `name: e
jobs:
  first: {run: a, needs: c}
  a: {run: a, needs: [start, b]}
  b: {run: a, needs: c}
  c: {run: a, needs: a}
  start: {run: a}
  x: {run: a, needs: [first, y]}
  y: {run: a, needs: x}
`;
  expect(mistakes(text)).toEqual([
    "e.yaml:4:30: jobs.a.needs.1: these jobs wait for each other: a → b → c → a",
    "e.yaml:8:30: jobs.x.needs.1: these jobs wait for each other: x → y → x",
  ]);
});

test("reads a chain of thousands of jobs", () => {
  const names = Array.from({ length: 3_000 }, (_, index) => `j${index}`);
  const lines = names.map((name, index) => `  ${name}: {run: a${index > 0 ? `, needs: j${index - 1}` : ""}}\n`);
  expect(jobsOf(lines.join("")).map(({ name }) => name)).toEqual(names);
  const turned = lines.toReversed().join("").replace("j0: {run: a", "j0: {run: a, needs: j2999");
  expect(mistakes(`name: e\njobs:\n${turned}`)).toHaveLength(1);
});

test("tells which needs do not say which end they mean, under the names that the jobs of chains have", () => {
  const text =
    "name: e\njobs:\n  a: {run: a, repeat: 2}\n  b: {run: b, needs: [a, {job: c, type: ok}]}\n  c: {run: c, needs: {job: a}}\n  d: {run: d}\n";
  expect(parseExperiment(text, "e.yaml").unsaidNeedsByJob).toEqual({ b: ["a-2"], c: ["a-2"] });
});
