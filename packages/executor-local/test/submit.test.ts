import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import type { JobPlan, Transport } from "@slipway/core";
import { createLocalExecutor } from "@slipway/executor-local";
import { packBundle } from "@slipway/packager";
import { gitRepository, snapshot, temporaryDirectory } from "@slipway/testing";
import { openLocalTransport } from "@slipway/transport-local";
import { expect, test } from "vitest";

import { env, openFixture } from "./fixture.ts";
import type { TestJob } from "./fixture.ts";

test("plans the script, the variables and the secrets, and where they lie", async () => {
  await using fixture = await openFixture();
  const { executor, code, home } = fixture;
  const job = {
    name: "j",
    command: { kind: "argv", argv: ["true"] },
    resources: {},
    env: { A: "it's" },
    needs: [],
  } as const;
  const context = { experiment: "e-1", code, secrets: { TOKEN: "s3" }, comments: ["code: x"], tryNumber: 2 };
  const plan = executor.plan(job, context);
  expect(executor.plan(job, context)).toEqual(plan);
  expect({ ...plan, files: plan.files.map(({ path: name, mode }) => ({ name, mode })) }).toEqual({
    experiment: "e-1",
    job,
    token: "e-1.j.2",
    runDir: path.join(home, "runs/e-1/j"),
    code,
    files: [
      { name: "job.sh", mode: 0o755 },
      { name: "env", mode: 0o600 },
      { name: "secrets", mode: 0o600 },
    ],
    script: "job.sh",
    warnings: [],
    handle: { id: "e-1.j.2", experiment: "e-1", job: "j", runDir: path.join(home, "runs/e-1/j") },
  });
  expect(plan.files.slice(1).map(({ content }) => content)).toEqual(["export A='it'\\''s'\n", "export TOKEN=s3\n"]);
  expect(existsSync(path.join(home, "runs"))).toBe(false);
});

test("says what a local run does not give", async () => {
  await using fixture = await openFixture();
  const { warnings } = fixture.plan({
    resources: {
      nodes: 2,
      tasksPerNode: 4,
      gpusPerNode: 8,
      cpusPerTask: 3,
      memoryMiB: 512,
      timeLimitSeconds: 60,
      partition: "gpu",
      account: "ada",
      qos: "high",
    },
    env: { UID: "7", FINE: "x" },
  });
  expect(warnings.toSorted()).toEqual([
    "A local job gets no GPUs of its own: 8 asked for, it sees what this machine has",
    "A local job has no QOS: high is ignored",
    "A local job has no account: ada is ignored",
    "A local job has no partition: gpu is ignored",
    "A local job runs on this machine alone, not on 2 nodes",
    "A local job starts its command once, not 4 times",
    "A local job's memory is neither reserved nor limited: 512 MiB asked for",
    "The shell that starts the job may keep its own value of UID",
  ]);
  expect(fixture.plan({ resources: { nodes: 1, gpusPerNode: 0, tasksPerNode: 1 } }).warnings).toEqual([]);
});

test("lays a run directory out as every executor does", async () => {
  await using fixture = await openFixture();
  const handle = await fixture.start({ sh: "exit 0" });
  await fixture.end(handle);
  expect((await readdir(handle.runDir)).toSorted()).toEqual([
    "attempt-1.exit",
    "attempt-1.group",
    "attempt-1.log",
    "attempt-1.start",
    "attempt-1.status",
    "code",
    "commit",
    "env",
    "job.sh",
    "run",
    "secrets",
    "wrapper.log",
  ]);
  expect(await readlink(path.join(handle.runDir, "code"))).toMatch(
    /^\.\.\/\.\.\/\.\.\/store\/code\/[0-9a-f]{64}\.\w+\/tree$/,
  );
  const modes = ["env", "secrets", "job.sh"].map(
    async (name) => (await lstat(path.join(handle.runDir, name))).mode & 0o700,
  );
  expect(await Promise.all(modes)).toEqual([0o600, 0o600, 0o700]);
});

const absent: readonly [string, TestJob, string, string][] = [
  ["a program that is nowhere", { argv: ["zzqqxxyywwvv"] }, "zzqqxxyywwvv is not on the job's PATH", "Install it"],
  ["a program that is nearly there", { argv: ["slepe"] }, "slepe is not on the job's PATH", "Did you mean sleep?"],
  ["a packaged file without its ./", { argv: ["run.sh"] }, "run.sh is not on the job's PATH", "write ./run.sh"],
  [
    "a file that is not packaged",
    { argv: ["./untracked.sh"] },
    "./untracked.sh is not among the packaged files",
    "git add",
  ],
  [
    "a file that is nearly there",
    { argv: ["bin/tol.sh"] },
    "bin/tol.sh is not among the packaged files",
    "Did you mean ./bin/tool.sh?",
  ],
  ["a file that may not be executed", { argv: ["./plain.sh"] }, "./plain.sh is not executable", "chmod +x ./plain.sh"],
  ["a directory", { argv: ["./bin"] }, "./bin is a directory", "git add"],
  ["an absolute path that is not there", { argv: ["/no/such/program"] }, "/no/such/program is not there", "git add"],
  [
    "a program that the job's own PATH does not have",
    { argv: ["sleep"], env: { PATH: "/nowhere" } },
    "sleep is not on the job's PATH",
    "/nowhere",
  ],
  [
    "bash, for lines, where it is not",
    { command: { kind: "shell", lines: ["true"] }, env: { PATH: "/nowhere" } },
    "bash is not on the job's PATH",
    "/nowhere",
  ],
];

test.each(absent)("refuses %s before anything is started", async (_, job, what, hint) => {
  await using fixture = await openFixture({
    files: {
      "run.sh": { content: "#!/bin/sh\n", mode: 0o755 },
      "plain.sh": "#!/bin/sh\n",
      "bin/tool.sh": { content: "#!/bin/sh\n", mode: 0o755 },
    },
  });
  const plans = [fixture.plan({ name: "fine" }), fixture.plan({ name: "absent", ...job })];
  await expect(fixture.executor.submit(plans)).rejects.toMatchObject({
    code: "EXECUTOR_COMMAND_NOT_FOUND",
    message: `The command of job absent cannot run: ${what}`,
    hint: expect.stringContaining(hint) as string,
  });
  expect(existsSync(path.join(fixture.home, "runs"))).toBe(false);
});

test("lets a job run an absolute path that a job before it makes", async () => {
  await using fixture = await openFixture();
  const made = path.join(fixture.home, "made");
  const [, second] = await fixture.executor.submit([
    fixture.plan({
      name: "first",
      sh: `printf '#!/bin/sh\\necho made' >"$MADE"; chmod +x "$MADE"`,
      env: { MADE: made },
    }),
    fixture.plan({ name: "second", argv: [made], needs: [{ job: "first", type: "ok" }] }),
  ]);
  expect(second && [(await fixture.end(second)).state, await fixture.log(second)]).toEqual(["succeeded", "made\n"]);
});

test("refuses jobs that wait for each other, or for nobody", async () => {
  await using fixture = await openFixture();
  const { executor, plan } = fixture;
  const circle = [
    plan({ name: "a", needs: [{ job: "b", type: "ok" }] }),
    plan({ name: "b", needs: [{ job: "a", type: "ok" }] }),
  ];
  await expect(executor.submit(circle)).rejects.toMatchObject({
    code: "EXECUTOR_DEPENDENCY_CYCLE",
    message: "The jobs wait for each other: a needs b needs a",
  });
  await expect(executor.submit([plan({ needs: [{ job: "nobody", type: "ok" }] })])).rejects.toMatchObject({
    code: "EXECUTOR_DEPENDENCY_UNKNOWN",
    message: "Job job needs nobody, which is no job of experiment exp-1",
  });
  expect(existsSync(path.join(fixture.home, "runs"))).toBe(false);
});

test("starts none of the jobs when one cannot be started, and leaves nothing", async () => {
  await using fixture = await openFixture();
  const marker = path.join(fixture.home, "marker");
  const first = fixture.plan({ name: "first", sh: ': >"$MARKER"', env: { MARKER: marker } });
  const broken = withScript(fixture.plan({ name: "broken" }), () => "echo no chance >&2; exit 1\n");
  await expect(fixture.executor.submit([first, broken])).rejects.toMatchObject({
    code: "EXECUTOR_START_FAILED",
    message: "The script of job broken ended before it began: no chance",
  });
  expect(existsSync(marker)).toBe(false);
  expect(await readdir(path.join(fixture.home, "runs"))).toEqual([]);
});

test("leaves a run directory alone that belongs to another token", async () => {
  await using fixture = await openFixture();
  const handle = await fixture.start({ sh: "exit 0" });
  await fixture.end(handle);
  const before = await snapshot(handle.runDir);
  await expect(fixture.executor.submit([{ ...fixture.plan(), token: "exp-2.job.2" }])).rejects.toMatchObject({
    code: "EXECUTOR_RUN_DIR_TAKEN",
    message: `The run directory of exp-2.job.2 belongs to exp-1.job.1: ${handle.runDir}`,
  });
  expect(await snapshot(handle.runDir)).toEqual(before);
});

test("goes on with a submission that was cut off before its job was started", async () => {
  await using fixture = await openFixture();
  const plan = fixture.plan({ sh: "echo ran" });
  await mkdir(plan.runDir, { recursive: true });
  for (const { path: name, content, mode } of plan.files)
    await writeFile(path.join(plan.runDir, name), content, { mode });
  await symlink(plan.code.directory, path.join(plan.runDir, "code"));
  const lost = plan.handle;
  expect(lost && (await fixture.status(lost))).toEqual({
    attempt: 1,
    state: "unknown",
    reason: "not_started",
    evidence: [],
  });
  const [handle] = await fixture.executor.submit([plan]);
  expect(handle && [(await fixture.end(handle)).state, await fixture.log(handle)]).toEqual(["succeeded", "ran\n"]);
});

test("says that the home cannot be written", async () => {
  await using fixture = await openFixture();
  await writeFile(path.join(fixture.home, "runs"), "in the way");
  await expect(fixture.executor.submit([fixture.plan()])).rejects.toMatchObject({
    code: "EXECUTOR_HOME_NOT_WRITABLE",
    message: expect.stringContaining(path.join(fixture.home, "runs")) as string,
    hint: "Make it writable, or set SLIPWAY_HOME to a folder that is",
  });
});

const mayMount = process.getuid?.() === 0 && process.platform === "linux";

test.runIf(mayMount)("says that the disk is full, and leaves nothing (a small disk is mounted, as root)", async () => {
  await using fixture = await openFixture();
  const disk = path.join(fixture.home, "disk");
  await mkdir(disk);
  expect(spawnSync("sh", ["-c", 'mount -t tmpfs -o size=64k tmpfs "$1"', "sh", disk]).status).toBe(0);
  try {
    spawnSync("sh", ["-c", 'cat /dev/zero >"$1"', "sh", path.join(disk, "fill")]);
    await using executor = createLocalExecutor({ home: disk, env });
    const context = { experiment: "e", code: fixture.code, secrets: {}, comments: [], tryNumber: 1 };
    const plan = executor.plan(fixture.plan().job, context);
    await expect(executor.submit([plan])).rejects.toMatchObject({
      code: "EXECUTOR_DISK_FULL",
      hint: expect.any(String) as string,
    });
    expect(await readdir(path.join(disk, "runs"), { recursive: true })).toEqual([]);
  } finally {
    spawnSync("sh", ["-c", 'umount "$1"', "sh", disk]);
  }
});

test("stages code through the store, and tells what happened", async () => {
  await using folder = await temporaryDirectory();
  const repository = await gitRepository(path.join(folder.path, "repo"), { files: { "a.txt": "a" } });
  const bundle = await packBundle({ cwd: repository.path, env });
  const types: string[] = [];
  await using executor = createLocalExecutor({
    home: path.join(folder.path, "home"),
    env,
    onEvent: ({ type }) => type !== "store.progress" && types.push(type),
  });
  const code = await executor.stage(bundle);
  expect(await readFile(path.join(code.directory, "a.txt"), "utf8")).toBe("a");
  const again = await executor.stage(bundle);
  expect([again.directory, again.uploadedBytes]).toEqual([code.directory, 0]);
  expect(types).toEqual(["store.uploading", "store.staged", "store.reused"]);
});

test("of changed code only the changes are stored anew, in at most two commands where a cache tells what is there", async () => {
  await using folder = await temporaryDirectory();
  const text = "line of some code\n".repeat(20_000);
  const repository = await gitRepository(path.join(folder.path, "repo"), { files: { "big.txt": text, "a.txt": "a" } });
  await using local = openLocalTransport({ env });
  let commands = 0;
  const transport: Transport = { ...local, exec: (...args) => local.exec(...((commands += 1), args)) };
  const cacheDirectory = path.join(folder.path, "cache");
  const uploads: number[] = [];
  await using executor = createLocalExecutor({
    home: path.join(folder.path, "home"),
    env,
    transport,
    cacheDirectory,
    onEvent: (event) => event.type === "store.uploading" && uploads.push(event.bytes),
  });
  const stage = async () => executor.stage(await packBundle({ cwd: repository.path, env }));
  const first = await stage();
  await writeFile(path.join(repository.path, "a.txt"), "changed");
  commands = 0;
  const second = await stage();
  expect(commands).toBeLessThanOrEqual(2);
  expect(uploads).toEqual([text.length + 1, 7]);
  expect(await readFile(path.join(second.directory, "a.txt"), "utf8")).toBe("changed");
  expect((await readdir(cacheDirectory)).toSorted()).toEqual([first.digest, second.digest].toSorted());
});

function withScript(plan: JobPlan, edit: (text: string) => string): JobPlan {
  const files = plan.files.map((file) => (file.path === plan.script ? { ...file, content: edit(file.content) } : file));
  return { ...plan, files };
}
