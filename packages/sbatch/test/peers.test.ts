import type { Job } from "@slipway/core";
import { judgeSlurmJob, parseSqueue, sbatchCommand } from "@slipway/sbatch";
import { describe, expect, test } from "vitest";

import { argv, asks, command, defaults, directives, own, script, shell } from "./peers-script.ts";
import { askedAt } from "./slurm-rows.ts";

// Behaviours of sbatch scripts that people know from other tools and have here, and defects of those that are absent.

describe("a plain job", () => {
  test("is its request, its names and its command; what it is given lies beside the script", () => {
    const text = script({
      settings: { account: "acc" },
      job: {
        command: shell("cmd3", "cmd4"),
        env: { ENV_VAR: "value" },
        retries: { failed: 3 },
        resources: { timeLimitSeconds: 600 },
      },
    });
    expect(own(text)).toBe(`#SBATCH --job-name="exp.job"
#SBATCH --account="acc"
#SBATCH --time="0-00:10:00"
#SBATCH --requeue
#SBATCH --output="slurm.log"
#SBATCH --open-mode="append"

slipway_experiment=exp
slipway_job=job
slipway_token=exp.job.1
slipway_dir=$PWD # where it was submitted from
slipway_outputs=$slipway_dir/run\${SLURM_ARRAY_TASK_ID:+/$SLURM_ARRAY_TASK_ID}
slipway_code_dir=$slipway_dir/code slipway_run_dir=$slipway_outputs # as the command sees them
slipway_retries='failed=3 requested=unlimited' # CAUSE=TIMES that it begins again; a command that exits with 75 asks for it

# The command. Its variables are in the files env and secrets.
set -- bash -eo pipefail -c 'cmd3
cmd4'

`);
  });

  test("has no name, account, partition or time that nobody gave", () => {
    expect(asks({})).toEqual(['#SBATCH --job-name="exp.job"', ...defaults]);
    expect(own(script())).not.toMatch(/undefined|None|null/);
  });

  test("has the prefix of its cluster before its name, in the script and in the submission", () => {
    const settings = { jobNamePrefix: "team-" };
    expect(asks({}, settings)[0]).toBe('#SBATCH --job-name="team-exp.job"');
    expect(sbatchCommand({ token: "exp.job.1", settings })).toContain("--job-name=team-exp.job.1");
  });

  test.each([
    ["quotes", shell(`python -c "print('hi')"`), `bash -eo pipefail -c 'python -c "print('\\''hi'\\'')"'`],
    ["words with spaces", argv("test.py", "arg 1", "$(touch x)"), "test.py 'arg 1' '$(touch x)'"],
    [
      "paths that look like slipway's own or like a mount's",
      argv("train", "/scratch/slipway/code/x", "/nemo_run/code", "/data2/f"),
      "train /scratch/slipway/code/x /nemo_run/code /data2/f",
    ],
  ])("runs its command as it is written: %s", (_, written, words) => {
    const containers = { runtime: "pyxis", mounts: ["/lustre/data:/data", "/lustre:/lustre"] } as const;
    expect(command(script({ job: { command: written } }))).toBe(words);
    const contained = command(script({ job: { command: written, container: "i" }, containers }));
    expect(contained?.slice(-words.length - 1)).toBe(` ${words}`);
  });

  test("stops at the first of its commands that fails, also within a pipe", () => {
    expect(command(script({ job: { command: shell("false | true", "echo late") } }))).toMatch(/^bash -eo pipefail -c /);
  });
});

describe("options of sbatch", () => {
  test.each([
    ["exclusive, as a flag", { exclusive: true }, ["#SBATCH --exclusive"]],
    ["exclusive for the user", { exclusive: "user" }, ['#SBATCH --exclusive="user"']],
    ["exclusive, which is not wanted", { exclusive: false }, []],
    ["segment", { segment: 1 }, ['#SBATCH --segment="1"']],
    ["network", { network: "ib" }, ['#SBATCH --network="ib"']],
    ["CPUs for each GPU", { "cpus-per-gpu": 4 }, ['#SBATCH --cpus-per-gpu="4"']],
    ["several, sorted", { wckey: "w", nice: 10 }, ['#SBATCH --nice="10"', '#SBATCH --wckey="w"']],
  ] as const)("are passed on: %s", (_, sbatch, lines) => {
    const usual = new Set(asks({}));
    expect(asks({ sbatch }).filter((line) => !usual.has(line))).toEqual(lines);
  });

  test.each([
    ["abc", "def", 'sbatch has no option "abc"'],
    ["dependency", "afterok:1", "dependency is slipway's own to set"],
    ["signal", "USR1@60", "signal is slipway's own to set"],
    ["job-name", "x", "job-name is slipway's own to set"],
    ["output", "/elsewhere/%j.out", "output is slipway's own to set"],
    ["error", "/elsewhere/%j.err", "error is slipway's own to set"],
    ["array", "0-10", "array is slipway's own to set"],
  ])("that are none, or slipway's own, are refused with what to write: %s", (name, value, message) => {
    expect(() => asks({ sbatch: { [name]: value } })).toThrow(
      expect.objectContaining({ code: "SBATCH_INVALID_OPTION", message }),
    );
  });

  test("that were given are never changed, and no partition makes a node exclusive", () => {
    const sbatch = Object.freeze({ constraint: "a100" });
    const settings = Object.freeze({ sbatch: Object.freeze({ nice: 1 }) });
    const once = asks({ sbatch }, settings);
    expect(asks({ sbatch }, settings)).toEqual(once);
    expect(once.join("\n")).not.toContain("exclusive");
    expect(asks({}, { cpuPartition: "cpu" }).join("\n")).not.toContain("exclusive");
  });

  test("a signal before the time limit goes to the script, whose wrapper passes it on; the limit stays as it is", () => {
    const warning = { signalName: "USR1", secondsBefore: 60 };
    expect(asks({ warning, resources: { timeLimitSeconds: 3600 } })).toEqual(
      expect.arrayContaining(['#SBATCH --signal="B:USR1@60"', '#SBATCH --time="0-01:00:00"']),
    );
  });

  test.each([
    [1800, "0-00:30:00"],
    [1815, "0-00:30:15"],
    [360, "0-00:06:00"],
    [21_600, "0-06:00:00"],
    [86_400, "1-00:00:00"],
    [131_400, "1-12:30:00"],
    [131_405, "1-12:30:05"],
    [93_784, "1-02:03:04"],
    [8_640_000, "100-00:00:00"],
  ])("a time limit of %d s is %s", (timeLimitSeconds, text) => {
    expect(asks({ resources: { timeLimitSeconds } })).toContain(`#SBATCH --time="${text}"`);
  });

  test("an array has its indices, and a log of Slurm's for each element", () => {
    const indices = Array.from({ length: 11 }, (_, index) => index);
    expect(asks({ array: { indices } })).toEqual(
      expect.arrayContaining(['#SBATCH --array="0-10"', '#SBATCH --output="slurm_%a.log"']),
    );
  });
});

test("a submission names all that its job waits for, each with its own end; the script names none", () => {
  const dependencies = [
    { type: "afterok", id: "101" },
    { type: "afterok", id: "102" },
    { type: "afterany", id: "9999" },
  ] as const;
  const words = sbatchCommand({ token: "exp.job.1", dependencies });
  expect(words.filter((word) => word.includes("depend") || word.includes("invalid-dep"))).toEqual([
    "--dependency=afterok:101,afterok:102,afterany:9999",
    "--kill-on-invalid-dep=yes",
  ]);
  expect(script({ job: { needs: [{ job: "other", type: "ok" }] } })).not.toContain("--dependency");
});

describe("a container", () => {
  const containers = {
    runtime: "pyxis",
    images: { torch: "/images/a b;c.sqsh" },
    mounts: ["/lustre/data:/data"],
  } as const;

  test("has the code read-only, a directory to write to, and the mounts of cluster and job, whatever signs they hold", () => {
    const job = { container: "torch", mounts: ["/my data:/more:ro", "/$nemo_run/x:/x", "/$(touch x):/y"] };
    expect(command(script({ containers, job }))).toBe(
      "srun --nodes=1 --ntasks-per-node=1 --export=ALL --kill-on-bad-exit=1 '--container-image=/images/a b;c.sqsh' " +
        `--container-mounts="$slipway_dir"/code:/slipway/code:ro,"$slipway_outputs":/slipway/run,/lustre/data:/data,` +
        "'/my data:/more:ro','/$nemo_run/x:/x','/$(touch x):/y' --container-workdir=/slipway/code " +
        "--container-env=SLIPWAY_EXPERIMENT,SLIPWAY_JOB,SLIPWAY_ATTEMPT,SLIPWAY_CODE_DIR,SLIPWAY_RUN_DIR train",
    );
  });

  test("gets the job's variables and secrets by name, and no value of one stands in the script", () => {
    const env = { VAR1: "one-value", VAR2: "two-value" };
    const text = script({ containers, job: { container: "torch", env }, secretNames: ["VAR3"] });
    expect(command(text)).toMatch(/--container-env=SLIPWAY_\w+(,SLIPWAY_\w+)*,VAR1,VAR2,VAR3 train$/);
    expect(text).not.toMatch(/one-value|two-value/);
  });

  test("is no part of a job that names none, nor of a cluster that has no runtime", () => {
    expect(command(script({ containers }))).toBe("train");
    expect(command(script({ job: { container: "torch", mounts: ["/a:/b"] } }))).toBe("train");
  });
});

describe("torchrun", () => {
  const run = (resources: Job["resources"]) => script({ job: { launcher: "torchrun", resources } });

  test.each([
    ["its GPUs", { gpusPerNode: 8 }, 8],
    ["its tasks, where it asks for several", { gpusPerNode: 8, tasksPerNode: 4 }, 4],
    ["one, where it asks for neither", {}, 1],
    ["one, where it asks for no GPU", { gpusPerNode: 0 }, 1],
  ])("starts on one node as many processes as %s, in one task", (_, resources, processes) => {
    const text = run(resources);
    expect(command(text)).toBe(`torchrun --standalone --nproc-per-node=${processes} --no-python train`);
    expect(text).not.toContain("--ntasks-per-node");
  });

  test("on several nodes is started once on each, and meets on the first at a port of the job's own", () => {
    const text = run({ nodes: 2, tasksPerNode: 8, gpusPerNode: 8 });
    expect(directives(text)).toEqual(
      expect.arrayContaining(['#SBATCH --nodes="2"', '#SBATCH --ntasks-per-node="1"', '#SBATCH --gpus-per-node="8"']),
    );
    expect(command(text)).toBe(
      "srun --nodes=2 --ntasks-per-node=1 --export=ALL --kill-on-bad-exit=1 --label torchrun --nnodes=2 " +
        '--nproc-per-node=8 --rdzv-backend=c10d --rdzv-id="$SLURM_JOB_ID" ' +
        '--rdzv-endpoint="$(uname -n):$((20000 + SLURM_JOB_ID % 10000))" --no-python train',
    );
  });
});

test.each([
  ["COMPLETING", "running"],
  ["CONFIGURING", "queued"],
  ["REQUEUED", "queued"],
  ["SPECIAL_EXIT", "queued"],
  ["STAGE_OUT", "running"],
  ["CANCELLED by 0", "cancelled"],
  ["CANCELLED by 1001", "cancelled"],
  ["LAUNCH_FAILED", "unknown"],
  ["A_WORD_OF_TOMORROW", "unknown"],
])("a job that Slurm calls %s is %s, and nothing throws", (word, state) => {
  const row = `7|7|${word}|1795361868|1795361868|NONE|n1|None|exp.job.1|exp.job.1\n`;
  const squeue = { ...parseSqueue(row), at: askedAt };
  const status = judgeSlurmJob({ id: "7", token: "exp.job.1", files: {}, squeue, now: askedAt });
  expect(status).toMatchObject({ state, nativeState: word });
});
