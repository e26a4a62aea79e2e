import type { Job, Resources } from "@slipway/core";
import { renderDirective, renderSbatchScript } from "@slipway/sbatch";
import type { SbatchScriptOptions } from "@slipway/sbatch";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

type ScriptOptions = Omit<Partial<SbatchScriptOptions>, "job"> & {
  readonly job?: Partial<Job>;
  readonly resources?: Resources;
};

function script({ resources = {}, job: changes, ...options }: ScriptOptions = {}): string {
  const job: Job = {
    name: "train",
    command: { kind: "argv", argv: ["python3", "train.py"] },
    resources,
    env: {},
    needs: [],
    ...changes,
  };
  return renderSbatchScript({ experiment: "lr-7k2", token: "lr-7k2.train.1", job, ...options });
}

const ten = { indices: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], maxRunning: 2 };

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
    job: { warning: { signalName: "USR1", secondsBefore: 120 } },
  });
  expect(text.slice(0, text.indexOf("# --- "))).toBe(`#!/bin/sh
# Job train of experiment lr-7k2, run by slipway. Readable, and yours to edit.
# code: 0af3
# commit 91be
#
# Beside it: attempt-1.log (its output; a requeue begins attempt-2), attempt-1.exit (how it went),
# slurm.log (what Slurm itself says), run/ (yours to write to), code (read-only).
# To run it again by hand, in a directory of its own:
#   mkdir ../train.again && cp -RP job.sbatch code ../train.again && cd ../train.again && sbatch job.sbatch
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
slipway_ranks=yes # each task has a log of its own, too
export SRUN_CPUS_PER_TASK=4 # some releases do not tell srun

# The command. Its variables are in the files env and secrets.
set -- srun --nodes=2 --ntasks-per-node=8 --cpus-per-task=4 --export=ALL --kill-on-bad-exit=1 --label python3 train.py

`);
});

test("has the same text after the command in every script", () => {
  const tail = (text: string) => text.slice(text.indexOf("# --- "));
  expect(tail(script({ job: { array: ten, sbatch: { requeue: false } } }))).toBe(tail(script()));
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
    expect(directives(script({ job: { sbatch: { requeue: false } } }))).toEqual([
      '#SBATCH --job-name="lr-7k2.train"',
      "#SBATCH --no-requeue",
      '#SBATCH --output="slurm.log"',
      '#SBATCH --open-mode="append"',
    ]);
  });

  test("for an array, with a log of Slurm's for each member", () => {
    expect(directives(script({ job: { array: ten } }))).toEqual(
      expect.arrayContaining(['#SBATCH --array="0-9%2"', '#SBATCH --output="slurm_%a.log"']),
    );
  });

  test("for what the job says, before what the cluster says", () => {
    const settings = { sbatch: { constraint: "a", "mail-type": ["FAIL", "END"] } };
    const text = script({ settings, job: { sbatch: { constraint: "b" } } });
    expect(directives(text)).toEqual(
      expect.arrayContaining(['#SBATCH --constraint="b"', '#SBATCH --mail-type="FAIL,END"']),
    );
  });
});

describe("runs", () => {
  test.each<[string, ScriptOptions, string]>([
    ["one task without a step", {}, "python3 train.py"],
    [
      "torchrun on one node without a step",
      { job: { launcher: "torchrun" }, resources: { gpusPerNode: 8 } },
      "torchrun --standalone --nproc-per-node=8 --no-python python3 train.py",
    ],
    [
      "as many processes as tasks are asked for",
      { job: { launcher: "torchrun" }, resources: { tasksPerNode: 2, gpusPerNode: 8 } },
      "torchrun --standalone --nproc-per-node=2 --no-python python3 train.py",
    ],
    [
      "a step with the flags given",
      { srunFlags: ["--mpi=pmix"] },
      "srun --nodes=1 --ntasks-per-node=1 --export=ALL --kill-on-bad-exit=1 --mpi=pmix python3 train.py",
    ],
    ["plainly with runtime none", { job: { container: "x" }, containers: { runtime: "none" } }, "python3 train.py"],
    [
      "in singularity",
      {
        job: { container: "torch", mounts: ["/a:/b:ro"] },
        containers: { runtime: "singularity", images: { torch: "/i.sif" } },
      },
      `singularity exec --bind "$slipway_dir"/code:/slipway/code:ro --bind "$slipway_outputs":/slipway/run --bind /a:/b:ro \\\n  --pwd /slipway/code /i.sif python3 train.py`,
    ],
  ])("%s", (_, options, words) => {
    expect(command(script(options))?.replaceAll(/ \\\n {2}/g, " ")).toBe(words.replaceAll(/ \\\n {2}/g, " "));
  });

  test("in podman and docker, with the variables by name alone", () => {
    const secretNames = ["TOKEN"];
    const words = (["podman", "docker"] as const).map((runtime) =>
      command(
        script({ job: { container: "img:1" }, containers: { runtime }, secretNames, resources: { gpusPerNode: 1 } }),
      ),
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
  test.each<[string, ScriptOptions, string, string]>([
    [
      "a line break in an option",
      { job: { sbatch: { constraint: "a\nb" } } },
      "SBATCH_INVALID_VALUE",
      'The sbatch option constraint has a line break: "a\\nb"',
    ],
    [
      "what is no option's name",
      { job: { sbatch: { "a b": "x", mem: true } } },
      "SBATCH_INVALID_OPTION",
      'sbatch has no option "a b" (and 1 more)',
    ],
    [
      "a NUL",
      { job: { sbatch: { constraint: "a\0b" } } },
      "SBATCH_INVALID_VALUE",
      "The sbatch option constraint contains a NUL character, which no process can be given",
    ],
    [
      "a mount that is none",
      { job: { container: "i", mounts: ["data:/data"] }, containers: { runtime: "pyxis" } },
      "SBATCH_INVALID_VALUE",
      '"data:/data" is not a mount',
    ],
    [
      "a mount that would be two",
      { job: { container: "i" }, containers: { runtime: "pyxis", mounts: ["/a,/b:/c"] } },
      "SBATCH_INVALID_VALUE",
      '"/a,/b:/c" is not a mount',
    ],
    [
      "an image that would be a flag",
      { job: { container: "--privileged" }, containers: { runtime: "podman" } },
      "SBATCH_INVALID_VALUE",
      '"--privileged" is not the image of a container',
    ],
    [
      "a secret's name that is none",
      { job: { container: "i" }, containers: { runtime: "podman" }, secretNames: ["A=b"] },
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
      { job: { warning: { signalName: "USR1", secondsBefore: 70_000 } } },
      "SBATCH_INVALID_VALUE",
      "A warning 70000 seconds before the time limit cannot be asked for",
    ],
    [
      "a warning that nobody could pass on",
      { job: { warning: { signalName: "KILL", secondsBefore: 60 } } },
      "SBATCH_INVALID_VALUE",
      '"KILL" cannot be the signal of a warning',
    ],
    [
      "an array without indices",
      { job: { array: { indices: [] } } },
      "SBATCH_INVALID_VALUE",
      "[] are not indices of an array",
    ],
    [
      "an array that counts backwards",
      { job: { array: { indices: [9, 1] } } },
      "SBATCH_INVALID_VALUE",
      "[9,1] are not indices of an array",
    ],
    [
      "an array of which none may run",
      { job: { array: { indices: [1], maxRunning: 0 } } },
      "SBATCH_INVALID_VALUE",
      "0 elements cannot run at the same time",
    ],
    [
      "an array that the cluster would refuse",
      { job: { array: { indices: [1000, 1001] } }, maxArraySize: 1001 },
      "SBATCH_INVALID_VALUE",
      "Array index 1001 is too big: the cluster's MaxArraySize is 1001, so the last index can be 1000",
    ],
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
