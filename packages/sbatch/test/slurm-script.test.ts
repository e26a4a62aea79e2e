import type { Job, Resources } from "@slipway/core";
import { renderDirective, renderSbatchScript } from "@slipway/sbatch";
import type { SbatchScriptOptions } from "@slipway/sbatch";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

function script({
  resources = {},
  ...options
}: Partial<SbatchScriptOptions> & { readonly resources?: Resources } = {}): string {
  const job: Job = {
    name: "train",
    command: { kind: "argv", argv: ["python3", "train.py"] },
    resources,
    env: {},
    needs: [],
  };
  return renderSbatchScript({ experiment: "lr-7k2", token: "lr-7k2.train.1", job, ...options });
}

const directives = (text: string) => text.split("\n").filter((line) => line.startsWith("#SBATCH"));
const command = (text: string) => /^set -- (.*?)\n\n/ms.exec(text)?.[1];

test("begins with what people want to know and may change, and then the command", () => {
  const text = script({
    comments: ["code: 0af3", "commit 91be"],
    settings: {
      account: "acc",
      partition: "gpu",
      jobNamePrefix: "me:",
      sbatch: { constraint: "a100&ib", exclusive: true, reboot: false },
    },
    resources: {
      nodes: 2,
      tasksPerNode: 8,
      gpusPerNode: 8,
      cpusPerTask: 4,
      memoryMiB: 64_000,
      timeLimitSeconds: 90_061,
    },
    warning: { name: "USR1", seconds: 120 },
  });
  expect(text.slice(0, text.indexOf("# --- "))).toBe(`#!/bin/sh
# Job train of experiment lr-7k2, run by slipway. Readable, and yours to edit.
# code: 0af3
# commit 91be
#
# Beside it: attempt-1.log (its output; a requeue begins attempt-2), attempt-1.exit (how it went),
# slurm.log (what Slurm itself says), run/ (yours to write to), code (read-only).
# To run it again by hand, in a directory of its own:
#   mkdir ../train.again && cp -RP job.sbatch env secrets code ../train.again && cd ../train.again && sbatch job.sbatch
#
#SBATCH --job-name="me:lr-7k2.train"
#SBATCH --account="acc"
#SBATCH --partition="gpu"
#SBATCH --nodes="2"
#SBATCH --ntasks-per-node="8"
#SBATCH --cpus-per-task="4"
#SBATCH --gpus-per-node="8"
#SBATCH --mem="64000M"
#SBATCH --constraint="a100&ib"
#SBATCH --exclusive
#SBATCH --time="1-01:01:01"
#SBATCH --signal="B:USR1@120"
#SBATCH --requeue
#SBATCH --output="slurm.log"
#SBATCH --open-mode="append"

slipway_experiment=lr-7k2
slipway_job=train
slipway_token=lr-7k2.train.1
slipway_dir=$PWD # where it was submitted from
slipway_outputs=$slipway_dir/run\${SLURM_ARRAY_TASK_ID:+/$SLURM_ARRAY_TASK_ID}
slipway_code_dir=$slipway_dir/code slipway_run_dir=$slipway_outputs # as the command sees them
export SRUN_CPUS_PER_TASK=4 # some releases do not tell srun

# The command. Its variables are in the files env and secrets.
set -- srun --nodes=2 --ntasks-per-node=8 --cpus-per-task=4 --export=ALL --kill-on-bad-exit=1 python3 train.py

`);
});

test("has the same text after the command in every script", () => {
  const tail = (text: string) => text.slice(text.indexOf("# --- "));
  expect(tail(script({ array: "0-9%2", requeue: false }))).toBe(tail(script()));
});

describe("asks", () => {
  test("for the CPU partition where no GPU is needed, unless the job names one", () => {
    const settings = { partition: "gpu", cpuPartition: "cpu" };
    const partition = (resources: Resources) => directives(script({ settings, resources }))[1];
    expect([
      partition({}),
      partition({ gpusPerNode: 0 }),
      partition({ gpusPerNode: 1 }),
      partition({ partition: "own" }),
    ]).toEqual([
      '#SBATCH --partition="cpu"',
      '#SBATCH --partition="cpu"',
      '#SBATCH --partition="gpu"',
      '#SBATCH --partition="own"',
    ]);
  });

  test("for no GPUs per node where the cluster refuses that", () => {
    const text = script({ settings: { disableGpusPerNode: true }, resources: { gpusPerNode: 8 } });
    expect(text).not.toContain("gpus");
  });

  test("for no more than it was told to", () => {
    expect(directives(script({ requeue: false }))).toEqual([
      '#SBATCH --job-name="lr-7k2.train"',
      "#SBATCH --no-requeue",
      '#SBATCH --output="slurm.log"',
      '#SBATCH --open-mode="append"',
    ]);
  });

  test("for an array, with a log of Slurm's for each member", () => {
    expect(directives(script({ array: "0-9%2" }))).toEqual(
      expect.arrayContaining(['#SBATCH --array="0-9%2"', '#SBATCH --output="slurm_%a.log"']),
    );
  });

  test("for what the job says, before what the cluster says", () => {
    const settings = { sbatch: { constraint: "a", "mail-type": ["FAIL", "END"] } };
    const text = script({ settings, sbatch: { constraint: "b" } });
    expect(directives(text)).toEqual(
      expect.arrayContaining(['#SBATCH --constraint="b"', '#SBATCH --mail-type="FAIL,END"']),
    );
  });
});

describe("runs", () => {
  test.each<[string, Partial<SbatchScriptOptions> & { readonly resources?: Resources }, string]>([
    ["one task without a step", {}, "python3 train.py"],
    [
      "torchrun on one node without a step",
      { launcher: "torchrun", resources: { gpusPerNode: 8 } },
      "torchrun --standalone --nproc-per-node=8 --no-python python3 train.py",
    ],
    [
      "as many processes as tasks are asked for",
      { launcher: "torchrun", resources: { tasksPerNode: 2, gpusPerNode: 8 } },
      "torchrun --standalone --nproc-per-node=2 --no-python python3 train.py",
    ],
    [
      "a step with the flags given",
      { srunFlags: ["--mpi=pmix"] },
      "srun --nodes=1 --ntasks-per-node=1 --export=ALL --kill-on-bad-exit=1 --mpi=pmix python3 train.py",
    ],
    ["plainly with runtime none", { container: { runtime: "none", image: "x" } }, "python3 train.py"],
    [
      "in singularity",
      { container: { runtime: "singularity", image: "/i.sif", mounts: ["/a:/b:ro"] } },
      `singularity exec --bind "$slipway_dir"/code:/slipway/code:ro --bind "$slipway_outputs":/slipway/run --bind /a:/b:ro \\\n  --pwd /slipway/code /i.sif python3 train.py`,
    ],
  ])("%s", (_, options, words) => {
    expect(command(script(options))?.replaceAll(/ \\\n {2}/g, " ")).toBe(words.replaceAll(/ \\\n {2}/g, " "));
  });

  test("in podman and docker, with the variables by name alone", () => {
    const secretNames = ["TOKEN"];
    const words = (["podman", "docker"] as const).map((runtime) =>
      command(script({ container: { runtime, image: "img:1" }, secretNames, resources: { gpusPerNode: 1 } })),
    );
    expect(
      words.map((text) => [
        text?.includes("--env TOKEN"),
        text?.includes('--volume "$slipway_dir"/code:/slipway/code:ro'),
        text?.endsWith("img:1 python3 train.py"),
      ]),
    ).toEqual([Array(3).fill(true), Array(3).fill(true)]);
  });
});

describe("refuses", () => {
  test.each<[string, Partial<SbatchScriptOptions>, string, string]>([
    [
      "a line break in an option",
      { sbatch: { constraint: "a\nb" } },
      "SBATCH_INVALID_VALUE",
      'The sbatch option constraint has a line break: "a\\nb"',
    ],
    [
      "what is no option's name",
      { sbatch: { "a b": "x", mem: true } },
      "SBATCH_INVALID_OPTION",
      'sbatch has no option "a b" (and 1 more)',
    ],
    [
      "a NUL",
      { sbatch: { constraint: "a\0b" } },
      "SBATCH_INVALID_VALUE",
      "The sbatch option constraint contains a NUL character, which no process can be given",
    ],
    [
      "a mount that is none",
      { container: { runtime: "pyxis", image: "i", mounts: ["data:/data"] } },
      "SBATCH_INVALID_VALUE",
      '"data:/data" is not a mount',
    ],
    [
      "a mount that would be two",
      { container: { runtime: "pyxis", image: "i", mounts: ["/a,/b:/c"] } },
      "SBATCH_INVALID_VALUE",
      '"/a,/b:/c" is not a mount',
    ],
    [
      "an image that would be a flag",
      { container: { runtime: "podman", image: "--privileged" } },
      "SBATCH_INVALID_VALUE",
      '"--privileged" is not the image of a container',
    ],
    [
      "a secret's name that is none",
      { container: { runtime: "podman", image: "i" }, secretNames: ["A=b"] },
      "SBATCH_INVALID_NAME",
      '"A=b" is not the name of a variable',
    ],
    [
      "a prefix by which no job is found",
      { settings: { jobNamePrefix: "a,b" } },
      "SBATCH_INVALID_VALUE",
      '"a,b" cannot begin the name of a job',
    ],
    [
      "a warning too early",
      { warning: { name: "USR1", seconds: 70_000 } },
      "SBATCH_INVALID_VALUE",
      "A warning 70000 seconds before the time limit cannot be asked for",
    ],
    ["an array that is none", { array: "9-1" }, "SBATCH_INVALID_VALUE", '"9-1" is not a list of array indices'],
    [
      "an experiment's name that is none",
      { experiment: "a/b" },
      "SBATCH_INVALID_NAME",
      '"a/b" is not a name for an experiment or a job',
    ],
  ])("%s", (_, options, code, message) => {
    expect(() => script(options)).toThrow(expect.objectContaining({ code, message }));
  });
});

describe("#SBATCH lines", () => {
  test.each([
    [String.raw`C:\new\tab`, String.raw`#SBATCH --comment="C:\\new\\tab"`],
    [`it's "q" \\ # $x`, String.raw`#SBATCH --comment="it's \"q\" \\ # $x"`],
    ["a hetjob b", '#SBATCH --comment="a hetjob b"'],
    [":lead", '#SBATCH --comment=":lead"'],
    ["", '#SBATCH --comment=""'],
  ])("are written as a real sbatch was seen to read them exactly: %j", (value, line) => {
    expect(renderDirective("comment", value)).toBe(`${line}\n`);
  });

  test("are read back by sbatch's lexer as they were given", () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from("\"'\\# \t:=,%$`()ahetjobü💥")) });
    fc.assert(
      fc.property(text, (value) => {
        expect(lex(renderDirective("comment", value))).toEqual([`--comment=${value}`]);
      }),
    );
  });
});

/** What sbatch makes of a directive: quotes group, a backslash escapes everywhere, a bare '#' ends the line. */
function lex(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  const characters = Array.from(line.slice("#SBATCH".length).trimEnd());
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? "";
    if (character === "\\") word = (word ?? "") + (characters[++index] ?? "");
    else if (quote !== "" && character === quote) quote = "";
    else if (quote === "" && /["']/.test(character)) [quote, word] = [character, word ?? ""];
    else if (quote === "" && character === "#") break;
    else if (quote === "" && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + character;
  }
  if (quote !== "") throw new Error(`Unmatched ${quote}`);
  return word === undefined ? words : [...words, word];
}
