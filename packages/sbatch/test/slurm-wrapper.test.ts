import { cp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";

import { judgeSlurmJob } from "@slipway/sbatch";
import { eventually } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { exited, shells } from "./bench.ts";
import { openSlurmBench } from "./slurm-bench.ts";
import { askedAt, record } from "./slurm-rows.ts";

/** As executor-slurm will: Slurm has forgotten the job. */
function judge(files: Readonly<Record<string, string>>) {
  const nothing = { rows: [], unreadable: [], at: askedAt };
  const { state, exitCode, signal, reason, attempt } = judgeSlurmJob({
    id: "295",
    token: "e.j.1",
    files,
    squeue: nothing,
    now: askedAt,
  });
  return { state, exitCode, signal, reason, attempt };
}

/** Without what a shell prints about its child that a signal ended. */
function ownLines(log: string | undefined): string | undefined {
  return log?.replaceAll(/^(?:Terminated|User defined signal 1)\n/gm, "");
}

const none = { exitCode: undefined, signal: undefined, reason: undefined };

describe.concurrent.each(shells)("a script that Slurm starts, with $name", ({ program }) => {
  test("runs the command in the code's directory, tells its end exactly, and exits as it did", async () => {
    await using bench = await openSlurmBench(program);
    await bench.install("scontrol", "#!/bin/sh\necho slurm-wlm 22.05.8\n");
    const job = { sh: 'pwd -P; echo made >"$SLIPWAY_RUN_DIR/out"; exit 3' };
    const exitCode = await bench.run(job, { SLURM_JOB_NODELIST: "n[1-2]", SLURM_JOB_NODELIST_HET_GROUP_1: "n7" });
    const files = await bench.files();
    expect([exitCode, judge(files), files["attempt-1.log"], files["run/out"]]).toEqual([
      3,
      { ...none, state: "failed", exitCode: 3, attempt: 1 },
      `${path.join(bench.path, "code")}\n`,
      "made\n",
    ]);
    expect(files["attempt-1.start"]).toMatch(
      /^version=1\nattempt=1\ntry=1\njob=295\nnode=n1\nnodes=n\[1-2\],n7\nslurm=22\.05\.8\nat=.*Z\nend=1\n$/,
    );
  });

  test("tells exit 137 from death by SIGKILL", async () => {
    await using bench = await openSlurmBench(program);
    const codes = [await bench.run({ sh: "exit 137" }), judge(await bench.files())];
    const signals = [await bench.run({ sh: "kill -s KILL $$" }), judge(await bench.files())];
    expect([codes, signals]).toEqual([
      [137, { ...none, state: "failed", exitCode: 137, attempt: 1 }],
      [137, { ...none, state: "failed", signal: 9, attempt: 1 }],
    ]);
  });

  test("keeps the evidence and the log of every attempt", async () => {
    await using bench = await openSlurmBench(program);
    await bench.run({ sh: "echo attempt $SLIPWAY_ATTEMPT; exit 75" });
    await exited(bench.start({ SLURM_RESTART_COUNT: "1" }));
    const files = await bench.files();
    expect([files["attempt-1.log"], files["attempt-2.log"], judge(files)]).toEqual([
      "attempt 1\n",
      "attempt 2\n",
      { ...none, state: "failed", exitCode: 75, attempt: 2 },
    ]);
  });

  test("keeps the members of an array apart", async () => {
    await using bench = await openSlurmBench(program);
    await bench.prepare({
      job: { array: { indices: [3, 4] } },
      sh: 'echo $SLURM_ARRAY_TASK_ID >"$SLIPWAY_RUN_DIR/out"; exit $SLURM_ARRAY_TASK_ID',
    });
    const variables = { SLURM_ARRAY_JOB_ID: "295" };
    await Promise.all([
      exited(bench.start({ ...variables, SLURM_JOB_ID: "296", SLURM_ARRAY_TASK_ID: "3" })),
      exited(bench.start({ ...variables, SLURM_ARRAY_TASK_ID: "4" })),
    ]);
    const status = judgeSlurmJob({
      id: "295",
      token: "e.j.1",
      files: await bench.files(),
      squeue: { rows: [], unreadable: [], at: askedAt },
      arrayIndices: [3, 4],
      now: askedAt,
    });
    expect(status.members?.map(({ name, exitCode }) => [name, exitCode])).toEqual([
      ["295_3", 3],
      ["295_4", 4],
    ]);
    expect(await readFile(path.join(bench.runDir, "run", "4", "out"), "utf8")).toBe("4\n");
  });

  test("passes TERM on to the command's group and leaves the rest to Slurm", async () => {
    await using bench = await openSlurmBench(program);
    await bench.prepare({ sh: "trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.1; done" });
    const script = bench.start();
    const end = exited(script);
    await eventually("the trap", async () => (await bench.files())["attempt-1.log"] === "ready\n");
    script.kill("SIGCONT");
    script.kill("SIGTERM");
    const exitCode = await end;
    const files = await bench.files();
    expect([exitCode, ownLines(files["attempt-1.log"]), judge(files)]).toEqual([
      5,
      "ready\ntold\n",
      { ...none, state: "cancelled", exitCode: 5, reason: "terminated", attempt: 1 },
    ]);
  });

  test("tells that it was cancelled, when slipway says so in the run directory", async () => {
    await using bench = await openSlurmBench(program);
    await bench.prepare({ sh: "echo ready; sleep 60" });
    const script = bench.start();
    const end = exited(script);
    await eventually("the command", async () => (await bench.files())["attempt-1.log"] === "ready\n");
    await writeFile(path.join(bench.runDir, "cancel"), record("by=ada", "at=2026-01-02T03:04:05Z"));
    script.kill("SIGTERM");
    await end;
    expect(judge(await bench.files())).toEqual({ ...none, state: "cancelled", signal: 15, attempt: 1 });
  });

  test("passes a warning on, and goes on", async () => {
    await using bench = await openSlurmBench(program);
    await bench.prepare({ sh: "trap 'echo warned; exit 0' USR1; echo ready; while :; do sleep 0.1; done" });
    const script = bench.start();
    const end = exited(script);
    await eventually("the trap", async () => (await bench.files())["attempt-1.log"] === "ready\n");
    script.kill("SIGUSR1");
    const exitCode = await end;
    const files = await bench.files();
    expect([exitCode, ownLines(files["attempt-1.log"]), judge(files)]).toEqual([
      0,
      "ready\nwarned\n",
      { ...none, state: "succeeded", exitCode: 0, attempt: 1 },
    ]);
  });

  test("gives variables and secrets from their files, and has neither in the script", async () => {
    await using bench = await openSlurmBench(program);
    const env = { NOTE: "it's $(not) run" };
    await bench.run({ job: { env }, secrets: { TOKEN: "s3cret" }, sh: 'printf %s "$NOTE|$TOKEN"' });
    const files = await bench.files();
    expect(files["attempt-1.log"]).toBe("it's $(not) run|s3cret");
    expect(files["job.sbatch"]).not.toMatch(/s3cret|\$\(not\)/);
  });

  test("runs neither in a strange directory nor for a job that the directory does not belong to", async () => {
    await using bench = await openSlurmBench(program);
    await bench.prepare({});
    await writeFile(path.join(bench.runDir, "commit"), record("token=e.j.1", "job=alpha.294"));
    const foreign = await exited(bench.start());
    const owner = await exited(bench.start({ SLURM_JOB_ID: "300", SLURM_HET_JOB_ID: "294" }));
    await rm(path.join(bench.runDir, "attempt-1.exit"));
    await rename(path.join(bench.runDir, "job.sbatch"), path.join(bench.path, "moved"));
    const strange = await exited(bench.start({ SLURM_JOB_ID: "294" }));
    expect([foreign, owner, strange, (await bench.files())["attempt-1.exit"]]).toEqual([1, 0, 1, undefined]);
  });

  test("tells that the code is gone", async () => {
    await using bench = await openSlurmBench(program);
    await bench.prepare({});
    await rm(path.join(bench.path, "code"), { recursive: true });
    expect([await exited(bench.start()), judge(await bench.files())]).toEqual([
      126,
      { ...none, state: "failed", exitCode: 126, reason: "code_missing", attempt: 1 },
    ]);
  });

  test("makes sure of its code first, and does not begin when that fails", async () => {
    await using bench = await openSlurmBench(program);
    const held = await bench.run({ holdCode: '[ -d code ] && echo "$slipway_id" >held', sh: "exit 0" });
    const files = await bench.files();
    await rm(path.join(bench.runDir, "attempt-1.start"));
    const failed = await bench.run({ holdCode: "echo no lease\nfalse" });
    const { "attempt-1.start": start, "attempt-1.log": log, ...others } = await bench.files();
    expect([held, files["held"], failed, start, log?.includes("no lease\n"), judge(others).reason]).toEqual([
      0,
      "295\n",
      126,
      undefined,
      true,
      "code_missing",
    ]);
  });

  test("starts a step with srun, and containers with the job's directories mounted", async () => {
    await using bench = await openSlurmBench(program);
    const show = String.raw`for word in "$@"; do printf '%s\n' "$word"; done; echo "$SLIPWAY_CODE_DIR $SLIPWAY_RUN_DIR"`;
    await bench.install("srun", show);
    await bench.install("apptainer", show);
    const image = "/images/it's.sif";
    await bench.run({
      argv: ["python3", "a b.py"],
      job: {
        env: { LR: "1" },
        resources: { nodes: 2, gpusPerNode: 4, cpusPerTask: 3 },
        container: "torch",
        mounts: ["/my files:/m"],
        launcher: "torchrun",
      },
      containers: { runtime: "pyxis", images: { torch: image }, mounts: ["/data:/data:ro"] },
      secretNames: ["TOKEN"],
    });
    const step = (await bench.files())["attempt-1.log"];
    await cp(bench.runDir, path.join(bench.path, "first"), { recursive: true });
    await bench.run({
      argv: ["python3", "train.py"],
      job: { resources: { gpusPerNode: 1 }, container: image },
      containers: { runtime: "apptainer" },
    });
    expect(step?.split("\n")).toEqual([
      "--nodes=2",
      "--ntasks-per-node=1",
      "--cpus-per-task=3",
      "--export=ALL",
      "--kill-on-bad-exit=1",
      "--label",
      `--container-image=${image}`,
      `--container-mounts=${bench.runDir}/code:/slipway/code:ro,${bench.runDir}/run:/slipway/run,/data:/data:ro,/my files:/m`,
      "--container-workdir=/slipway/code",
      "--container-env=SLIPWAY_EXPERIMENT,SLIPWAY_JOB,SLIPWAY_ATTEMPT,SLIPWAY_CODE_DIR,SLIPWAY_RUN_DIR,LR,TOKEN",
      "torchrun",
      "--nnodes=2",
      "--nproc-per-node=4",
      "--rdzv-backend=c10d",
      "--rdzv-id=295",
      `--rdzv-endpoint=${hostname()}:20295`,
      "--no-python",
      "python3",
      "a b.py",
      "/slipway/code /slipway/run",
      "",
    ]);
    expect((await bench.files())["attempt-1.log"]?.slice(step?.length).split("\n")).toEqual([
      "exec",
      "--nv",
      "--bind",
      `${bench.runDir}/code:/slipway/code:ro`,
      "--bind",
      `${bench.runDir}/run:/slipway/run`,
      "--pwd",
      "/slipway/code",
      image,
      "python3",
      "train.py",
      "/slipway/code /slipway/run",
      "",
    ]);
  });
});
