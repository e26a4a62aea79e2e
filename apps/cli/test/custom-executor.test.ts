import { execFile } from "node:child_process";
import { cp, readdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { gitRepository, temporaryDirectory, writeFiles } from "@slipway/testing";
import type { TemporaryDirectory } from "@slipway/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

import { machine } from "./slipway.ts";

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, "../../..");
/** Without what the test runner sets for its own processes. */
const env: NodeJS.ProcessEnv = { ...process.env, npm_config_loglevel: "error", NODE_OPTIONS: undefined };
const packages = ["core", "packager", "sbatch", "store", "testing", "transport-local"];

let folder: TemporaryDirectory;
/** The example as somebody has it who took only our published packages. */
let example: string;

beforeAll(async () => {
  folder = await temporaryDirectory();
  example = path.join(folder.path, "executor-ssh-host");
  await cp(path.join(root, "examples", "executor-ssh-host"), example, { recursive: true });
  for (const name of packages) {
    await run("pnpm", ["--dir", path.join(root, "packages", name), "pack", "--pack-destination", folder.path], { env });
  }
  const tarballs = (await readdir(folder.path)).filter((name) => name.endsWith(".tgz"));
  const quiet = ["--no-package-lock", "--no-audit", "--no-fund"];
  await run("npm", ["install", ...quiet, ...tarballs.map((name) => path.join(folder.path, name))], {
    cwd: example,
    env,
  });
}, 300_000);

afterAll(() => folder[Symbol.asyncDispose]());

test("the example executor, built against the packed packages, passes the executor contract", async () => {
  const { stdout } = await run(process.execPath, ["--test", "contract.test.mjs"], { cwd: example, env });
  expect(stdout).toMatch(/^# fail 0$/m);
  expect(stdout).not.toMatch(/^# pass 0$/m);
});

const cluster = (lines: string) =>
  `executor: ${path.join(example, "index.mjs")}\njob_dir: ${path.join(folder.path, "it's jobs")}\n${lines}`;

test("the command runs jobs through an executor that a cluster file names by its path", async () => {
  await using m = await machine();
  const repository = await gitRepository(path.join(m.folder, "work"), {
    files: { "train.sh": "echo trained; exit 3\n" },
  });
  await writeFiles(repository.path, { "cluster_configs/host.yaml": cluster("executor_options: { nice: 5 }\n") });
  const ran = await m.slipway(
    repository.path,
    "run",
    "--cluster",
    "host",
    "--follow",
    "--name",
    "t",
    "--",
    "sh",
    "train.sh",
  );
  expect(ran).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("trained\n") });
  const [{ experiment }] = await m.json<[{ experiment: string }]>(repository.path, "list");
  expect(await m.json(repository.path, "status", experiment)).toMatchObject({
    state: "failed",
    cluster: "host",
    jobs: [{ state: "failed", exitCode: 3 }],
  });
  expect((await m.slipway(repository.path, "logs", experiment)).stdout).toBe("trained\n");
  expect(await m.json(repository.path, "show", experiment)).toMatchObject({
    jobs: [{ record: { cluster: "host", attempts: [{ number: 1, cause: "submitted", exitCode: 3 }] } }],
  });
  const to = path.join(m.folder, "to");
  const pulled = await m.slipway(repository.path, "pull", experiment, "--to", to);
  expect(pulled).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^1 file in /) });
});

test("a mistake in the executor's options is told with its place", async () => {
  await using m = await machine();
  const repository = await gitRepository(path.join(m.folder, "work"), { files: { "a.txt": "a\n" } });
  await writeFiles(repository.path, {
    "cluster_configs/host.yaml": cluster("executor_options:\n  nice: 5\n  grace: 3\n"),
  });
  const { exitCode, stderr } = await m.slipway(repository.path, "run", "--cluster", "host", "--", "true");
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringContaining('cluster_configs/host.yaml:4:3: executor_options: Unrecognized key: "grace"'),
  });
});

test.each([
  ["./nothing.mjs", "it cannot be loaded: Cannot find module"],
  ["./other.mjs", "its default export is not made by defineExecutor"],
  ["@acme/executor-pbs", "which is not installed"],
])("an executor that cannot be used is refused with the reason: %s", async (executor, reason) => {
  await using m = await machine();
  const repository = await gitRepository(path.join(m.folder, "work"), { files: { "a.txt": "a\n" } });
  await writeFiles(repository.path, {
    "cluster_configs/host.yaml": `executor: "${executor}"\n`,
    "cluster_configs/other.mjs": "export default { name: 'other' };\n",
  });
  const { exitCode, stderr } = await m.slipway(repository.path, "run", "--cluster", "host", "--", "true");
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(reason) });
});
