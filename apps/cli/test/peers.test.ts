import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { parseCluster } from "@slipway/config";
import type { Job } from "@slipway/core";
import { gitRepository } from "@slipway/testing";
import { expect, test } from "vitest";

import { checkHfHome } from "../src/cluster/hf-home.ts";
import { toClusterSettings, withClusterDefaults } from "../src/cluster/settings.ts";
import { CliError } from "../src/error.ts";
import { machine } from "./slipway.ts";

// What a cluster file gives to jobs, as people know it from other tools and without the defects of those.

const clusterOf = (text: string) => parseCluster(`executor: slurm\njob_dir: /j\n${text}`, "dgx.yaml", {});

function jobOn(text: string, { env = {}, ...job }: Partial<Job> & { readonly env?: Record<string, string> } = {}) {
  const whole: Job = { name: "a", command: { kind: "argv", argv: ["x"] }, resources: {}, env: {}, needs: [], ...job };
  return withClusterDefaults(whole, { config: clusterOf(text), env });
}

test.each([
  ["the job's own", { timeLimitSeconds: 60, partition: "short" }, 60],
  ["that of its partition", { partition: "short" }, 93_784],
  ["that of the cluster's partition", {}, 7200],
  ["the cluster's, where its partition has none", { partition: "other" }, 360],
])("a time limit is %s", (_, resources, timeLimitSeconds) => {
  const file = 'partition: batch\ndefault_timeout: "06:00"\ntimeouts: { short: "01:02:03:04", batch: 2h }\n';
  expect(jobOn(file, { resources }).resources).toEqual({ ...resources, timeLimitSeconds });
});

test("a job that asks for no GPU goes to the cluster's partition for such jobs, and has that one's time limit", () => {
  const file = "partition: batch\ncpu_partition: cpu\ntimeouts: { cpu: 1h, batch: 2h }\n";
  expect(jobOn(file).resources).toEqual({ timeLimitSeconds: 3600 });
  expect(jobOn(file, { resources: { gpusPerNode: 1 } }).resources).toEqual({ gpusPerNode: 1, timeLimitSeconds: 7200 });
});

test("a warning that would come before the start is told, where the time limit is the partition's or the cluster's", () => {
  const file = "partition: batch\ndefault_timeout: 10m\ntimeouts: { short: 5m }\n";
  const warning = { signalName: "USR1", secondsBefore: 300 };
  expect(jobOn(file, { warning }).resources).toEqual({ timeLimitSeconds: 600 });
  expect(() => jobOn(file, { warning, resources: { partition: "short" } })).toThrow(
    expect.objectContaining({
      code: "CLI_USAGE",
      message: "The warning USR1@300 of job a would come before its start: its time limit on dgx is 300 s",
    }),
  );
});

test.each([
  ["is not set", "mounts: [/lustre:/data]\n", {}, "The job a has no HF_HOME in its container"],
  [
    "lies below no mount",
    "mounts: [/lustre:/data]\n",
    { HF_HOME: "/database/hf" },
    "HF_HOME of the job a is /database/hf, which no mount of its container holds",
  ],
  ["lies below a mount", "mounts: [/lustre:/data/]\n", { HF_HOME: "/data/hf" }, undefined],
  ["is a mount", "mounts: ['/lustre:${PLACE}:ro']\n", { HF_HOME: "/hf" }, undefined],
  ["lies below a mount of the job's", "env_vars: [HF_HOME=/own/x]\n", {}, undefined],
  ["is not asked for", "skip_hf_home_check: true\n", {}, undefined],
])("HF_HOME of a job in a container %s", (_, text, variables, message) => {
  const config = clusterOf(`container_runtime: pyxis\n${text}`);
  const own = text.includes("/own") ? { mounts: ["/scratch:/own"] } : {};
  const plain: Job = { name: "a", command: { kind: "argv", argv: ["x"] }, resources: {}, env: variables, needs: [] };
  const job = withClusterDefaults({ ...plain, ...own, container: "i" }, { config, env: { PLACE: "/hf" } });
  const told = [job, plain].map((each) => {
    try {
      return checkHfHome(each, config, { PLACE: "/hf" });
    } catch (error) {
      return error instanceof CliError ? error.message : error;
    }
  });
  expect(told).toEqual([message, undefined]);
});

test("with the preset a job in a container needs an HF_HOME, before anything is packed", async () => {
  await using m = await machine();
  const files = { "slipway.yaml": "preset: nemo-skills\n", "nemo_skills/__init__.py": "" };
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files });
  await mkdir(path.join(m.home, "clusters"), { recursive: true });
  const cluster = "executor: slurm\njob_dir: /j\ncontainer_runtime: pyxis\n";
  await writeFile(path.join(m.home, "clusters/dgx.yaml"), cluster);
  const run = ["run", "--cluster", "dgx", "--container", "a.sqsh", "--dry-run", "--", "true"];
  const { exitCode, stderr } = await m.slipway(repo, ...run);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringContaining("has no HF_HOME in its container"),
  });
  await writeFile(path.join(repo, "slipway.yaml"), "");
  expect((await m.slipway(repo, ...run)).exitCode).toBe(0);
});

test("a time limit that nobody gives is none", () => {
  expect(jobOn("partition: batch\n").resources).toEqual({});
});

test("variables have the values that stand in the file, or the shell's; one that is neither is left out", () => {
  const file = `env_vars: [A=b=c, PLACE=$HOME/x, "OPTS=a 'b'", FROM_SHELL, NOWHERE]\nrequired_env_vars: [TEAM, MODE=fast]\n`;
  const env = { HOME: "/home/ada", FROM_SHELL: "yes", TEAM: "nlp", PLACE: "elsewhere" };
  expect(jobOn(file, { env }).env).toEqual({
    A: "b=c",
    PLACE: "$HOME/x",
    OPTS: "a 'b'",
    FROM_SHELL: "yes",
    TEAM: "nlp",
    MODE: "fast",
  });
});

test("a variable that is required and not set is told by name", () => {
  expect(() => jobOn("required_env_vars: [TEAM]\n")).toThrow(
    expect.objectContaining({
      code: "CLI_USAGE",
      message: "The cluster dgx requires the variable TEAM, which is not set here",
    }),
  );
});

test("nothing that the cluster's file says is changed by a job", () => {
  const config = clusterOf("cpu_partition: cpu\nsbatch: { constraint: a100 }\n");
  const before = structuredClone(config);
  const job: Job = { name: "a", command: { kind: "argv", argv: ["x"] }, resources: {}, env: {}, needs: [] };
  withClusterDefaults(job, { config, env: {} });
  expect(toClusterSettings(config, {}).sbatch).toEqual({ constraint: "a100" });
  expect(config).toEqual(before);
});

test("mounts take the shell's variables: one in braces anywhere, or a whole side", () => {
  const mounts = ["${SCRATCH}/a:/${NAME}:ro", "{MODELS}:{TARGET}", "/a/{b}/$c:/d", "/x:/y:rw"];
  const env = { SCRATCH: "/scratch/$me", NAME: "data", MODELS: "/big models", TARGET: "/models", b: "no", c: "no" };
  expect(toClusterSettings(clusterOf(`mounts: ${JSON.stringify(mounts)}\n`), env).mounts).toEqual([
    "/scratch/$me/a:/data:ro",
    "/big models:/models",
    "/a/{b}/$c:/d",
    "/x:/y",
  ]);
});

test("a mount's variable that is not set is told where a container would have it, and nowhere else", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { "train.py": "" } });
  const mounts = ["${SLIPWAY_TEST_PLACE}/data:/data:ro"];
  const file = {
    executor: "slurm",
    job_dir: "/j",
    container_runtime: "pyxis",
    containers: { torch: "/torch.sqsh" },
    mounts,
  };
  await mkdir(path.join(m.home, "clusters"), { recursive: true });
  await writeFile(path.join(m.home, "clusters/dgx.yaml"), JSON.stringify(file));
  const run = (...options: readonly string[]) =>
    m.slipway(repo, "run", "--cluster", "dgx", "--dry-run", ...options, "--", "python3", "train.py");
  expect((await run()).exitCode).toBe(0);
  const { exitCode, stderr } = await run("--container", "torch");
  expect([exitCode, stderr]).toEqual([
    2,
    expect.stringContaining(
      "The mounts of the cluster dgx name variables without a value: SLIPWAY_TEST_PLACE\n  → export SLIPWAY_TEST_PLACE first",
    ),
  ]);
  m.env["SLIPWAY_TEST_PLACE"] = "/scratch";
  const { stdout } = await run("--container", "torch");
  expect(stdout).toContain(":/slipway/run,/scratch/data:/data:ro ");
});
