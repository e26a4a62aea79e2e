import type { Job } from "@slipway/core";
import { commandWords, isKeptByShell, renderEnvironment, renderJobScript } from "@slipway/sbatch";
import { expect, test } from "vitest";

const job: Job = {
  name: "train",
  command: { kind: "argv", argv: ["python3", "train.py", "--lr", "0.1", "it's"] },
  resources: { timeLimitSeconds: 90 },
  env: {},
  needs: [
    { job: "prepare", type: "ok" },
    { job: "other", type: "any" },
  ],
};

test("begins with what people want to know and may change, and then the command", () => {
  const script = renderJobScript({
    experiment: "lr-7k2",
    job,
    token: "lr-7k2.train.1",
    comments: ["code: 0af3", "commit 91be"],
  });
  expect(script.slice(0, script.indexOf("# --- "))).toBe(`#!/bin/sh
# Job train of experiment lr-7k2, run by slipway. Readable, and yours to edit.
# code: 0af3
# commit 91be
#
# Beside it: attempt-1.log (its output), attempt-1.start and attempt-1.exit (how it went), run/ (yours to write to), code (read-only).
# It runs once: whoever creates the file "commit" runs it. To run it again by hand, in a directory of its own:
#   mkdir ../train.again && cp -RP job.sh env* secrets code ../train.again && sh ../train.again/job.sh

slipway_experiment=lr-7k2
slipway_job=train
slipway_token=lr-7k2.train.1
slipway_attempt=1
slipway_needs='ok:../prepare any:../other' # TYPE:DIRECTORY of another job; TYPE is ok, notok, any or corresponding
slipway_time_limit_seconds=90 # empty: none
slipway_grace_seconds=10 # between TERM and KILL
slipway_retries='' # CAUSE=TIMES; a command that exits with 75 asks to begin again
slipway_slots='' slipway_cores=1 slipway_cpus=1 # the machine's processors, and this job's
slipway_release=\${1-} # given by slipway when jobs begin together: the file that lets them

# The command. Its variables are in the files env and secrets.
set -- python3 train.py --lr 0.1 'it'\\''s'

`);
});

test("has the same text after the command in every script", () => {
  const tail = (script: string) => script.slice(script.indexOf("# --- "));
  const plain: Job = { name: "other", command: { kind: "shell", lines: ["true"] }, resources: {}, env: {}, needs: [] };
  const scripts = [job, plain].map((each) =>
    renderJobScript({ experiment: "e", job: each, token: `e.${each.name}.1` }),
  );
  expect(tail(scripts[0] ?? "")).toBe(tail(scripts[1] ?? "?"));
});

test("keeps a comment a comment, whatever is in it", () => {
  const comments = ["one\ntwo\rthree\r\nfour", "bell\u0007 escape\u001b[31m", "$(id) `id`", ""];
  const lines = renderJobScript({ experiment: "e", job, token: "e.train.1", comments }).split("\n").slice(2, 9);
  expect(lines).toEqual(["# one", "# two", "# three", "# four", "# bell  escape [31m", "# $(id) `id`", "#"]);
});

test("runs lines in bash, where the first failure ends them", () => {
  expect(commandWords({ name: "j", command: { kind: "shell", lines: ["cd x", "make | tee log"] } })).toEqual([
    "bash",
    "-eo",
    "pipefail",
    "-c",
    "cd x\nmake | tee log",
  ]);
});

test.each([
  ["../e", "j", "n"],
  ["e", "a b", "n"],
  ["e", "j", "$(id)"],
  ["e", "", "n"],
])("refuses names that are not safe in a path and a shell: %j %j %j", (experiment, name, need) => {
  const needs = [{ job: need, type: "ok" }] as const;
  expect(() => renderJobScript({ experiment, job: { ...job, name, needs }, token: "t" })).toThrow(
    expect.objectContaining({ code: "SBATCH_INVALID_NAME" }),
  );
});

test("refuses a command that no process can be given", () => {
  for (const argv of [[], [""], ["echo", "a\0b"], ["echo", "half \ud83d"]]) {
    expect(() => commandWords({ name: "j", command: { kind: "argv", argv } })).toThrow(
      expect.objectContaining({ code: "SBATCH_INVALID_VALUE" }),
    );
  }
});

test("refuses an argument or a value that is longer than a process can be given, by one byte", () => {
  const refused = expect.objectContaining({ code: "SBATCH_INVALID_VALUE", hint: expect.stringContaining("a file") });
  const command = (bytes: number) => commandWords({ name: "j", command: { kind: "argv", argv: ["x".repeat(bytes)] } });
  expect(command(131_071)).toHaveLength(1);
  expect(() => command(131_072)).toThrow(refused);
  expect(renderEnvironment({ BIG: "x".repeat(131_067) })).toContain("xxx");
  expect(() => renderEnvironment({ BIG: "x".repeat(131_068) })).toThrow(refused);
});

test("refuses times that are none", () => {
  for (const timeLimitSeconds of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    const render = () =>
      renderJobScript({ experiment: "e", job: { ...job, resources: { timeLimitSeconds } }, token: "t" });
    expect(render).toThrow(expect.objectContaining({ code: "SBATCH_INVALID_VALUE" }));
  }
});

test("writes variables as lines that a shell reads", () => {
  expect(renderEnvironment({ PLAIN: "x", QUOTED: "it's\n$(id)", EMPTY: "" })).toBe(
    "export PLAIN=x\nexport QUOTED='it'\\''s\n$(id)'\nexport EMPTY=''\n",
  );
});

test("refuses variables that cannot be, without telling the value", () => {
  for (const name of ["", "1A", "A-B", "A=B", "Ä", "A\nB"]) {
    expect(() => renderEnvironment({ [name]: "x" })).toThrow(expect.objectContaining({ code: "SBATCH_INVALID_NAME" }));
  }
  expect(() => renderEnvironment({ TOKEN: "s3cret\0" })).toThrow(
    expect.objectContaining({
      code: "SBATCH_INVALID_VALUE",
      message: "The value of TOKEN contains a NUL character, which no process can be given",
    }),
  );
});

test("knows the variables that shells keep for themselves", () => {
  expect(["UID", "PWD", "IFS", "slipway_job", "BASH_ENV"].filter(isKeptByShell)).toHaveLength(5);
  expect(["PATH", "HOME", "UIDX", "PYTHONPATH", "SLIPWAY_JOB"].filter(isKeptByShell)).toEqual([]);
});
