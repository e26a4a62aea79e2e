import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository, snapshot, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { bin, machine } from "./slipway.ts";
import type { Machine } from "./slipway.ts";

interface ErrorDocument {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly exitCode: number;
  };
}

/** The error of a run, and that it left nothing of itself in the home. */
async function failure(m: Machine, cwd: string, ...args: readonly string[]) {
  const { error } = await m.json<ErrorDocument>(cwd, ...args);
  const { exitCode, stderr } = await m.slipway(cwd, ...args);
  expect(exitCode).toBe(error.exitCode);
  expect(stderr).not.toMatch(/^\s+at /m);
  const runs = await readdir(path.join(m.home, "runs")).catch(() => []);
  expect(runs).toEqual([]);
  return { code: error.code, exitCode, text: `${error.message} → ${error.hint}` };
}

const repository = (m: Machine, files: Parameters<typeof writeFiles>[1] = { "train.py": "t" }) =>
  gitRepository(path.join(m.folder, "repo"), { files });

test("no repository and no companion", async () => {
  await using m = await machine();
  const plain = path.join(m.folder, "plain");
  await mkdir(plain);
  expect(await failure(m, plain, "run", "--", "true")).toMatchObject({
    code: "PACKAGER_NOT_A_REPOSITORY",
    exitCode: 5,
  });
});

test("a repository in which git tracks nothing yet", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"));
  expect(await failure(m, repo, "run", "--", "true")).toMatchObject({
    code: "PACKAGER_EMPTY",
    exitCode: 5,
    text: expect.stringContaining("git add"),
  });
});

test("a companion that is not installed names the interpreter that was asked", async () => {
  await using m = await machine();
  const { path: repo } = await repository(m, {
    "slipway.yaml": "packaging: { companions: [{ python: no_such_package }] }\n",
  });
  expect(await failure(m, repo, "run", "--", "true")).toMatchObject({
    code: "PACKAGER_COMPANION_NOT_FOUND",
    exitCode: 5,
    text: expect.stringMatching(/no_such_package.*python3/s),
  });
});

test("a companion whose name is a tracked file", async () => {
  await using m = await machine();
  const { path: repo } = await repository(m, {
    lib: "a file",
    "slipway.yaml": "packaging: { companions: [{ path: ../lib }] }\n",
  });
  await writeFiles(m.folder, { "lib/x.py": "x" });
  expect(await failure(m, repo, "run", "--", "true")).toMatchObject({ code: "PACKAGER_CLASH", exitCode: 5 });
});

test("an include that matches nothing", async () => {
  await using m = await machine();
  const { path: repo } = await repository(m);
  expect(await failure(m, repo, "run", "--include", "data/**/*.jsonl", "--", "true")).toMatchObject({
    code: "PACKAGER_INCLUDE_MATCHES_NOTHING",
    exitCode: 5,
    text: expect.stringContaining("data/**/*.jsonl"),
  });
});

test("a bundle over the limit names the ten biggest files", async () => {
  await using m = await machine();
  const big = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`big-${index}`, "x".repeat(1000 * (index + 1))]),
  );
  const { path: repo } = await repository(m, { ...big, "slipway.yaml": "packaging: { max_size: 2kB }\n" });
  const { code, exitCode, text } = await failure(m, repo, "run", "--", "true");
  expect({ code, exitCode }).toEqual({ code: "PACKAGER_TOO_LARGE", exitCode: 5 });
  expect(
    Array.from({ length: 12 }, (_, index) => text.includes(`big-${index}`)).filter(Boolean).length,
  ).toBeGreaterThanOrEqual(10);
  expect(text).not.toMatch(/big-0\b/);
});

test("a command that does not exist, or that stayed behind", async () => {
  await using m = await machine();
  const { path: repo } = await repository(m);
  await writeFiles(repo, { "go.sh": { content: "#!/bin/sh\n", mode: 0o755 } });
  expect(await failure(m, repo, "run", "--", "no-such-command")).toMatchObject({
    code: "EXECUTOR_COMMAND_NOT_FOUND",
    exitCode: 2,
  });
  expect(await failure(m, repo, "run", "--", "./go.sh")).toMatchObject({
    code: "EXECUTOR_COMMAND_NOT_FOUND",
    exitCode: 2,
  });
});

test("an experiment or a job that does not exist or is ambiguous", async () => {
  await using m = await machine();
  const { path: repo } = await repository(m);
  const codeOf = async (...args: readonly string[]) => {
    const { error } = await m.json<ErrorDocument>(repo, ...args);
    return [error.code, error.exitCode];
  };
  expect(await codeOf("status", "nothing")).toEqual(["EXPERIMENT_NOT_FOUND", 6]);
  for (let run = 0; run < 2; run++) await m.slipway(repo, "run", "--name", "twice", "--", "true");
  expect(await codeOf("wait", "twice")).toEqual(["EXPERIMENT_AMBIGUOUS", 2]);
  const [row] = await m.json<readonly { readonly experiment: string }[]>(repo, "list");
  expect(await codeOf("status", `${row?.experiment}/nothing`)).toEqual(["EXPERIMENT_JOB_NOT_FOUND", 6]);
  const { exitCode, stderr } = await m.slipway(repo, "logs", "twice");
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/Say which: twice-\w+ \(/) });
});

test("a misspelt key in a YAML file is told with line, column and the nearest key", async () => {
  await using m = await machine();
  const { path: repo } = await repository(m, {
    "exp.yaml": "name: x\njobs:\n  train:\n    run: echo\n    gpsu: 8\n    time: never\n",
  });
  const { exitCode, stderr } = await m.slipway(repo, "run", "exp.yaml");
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/exp\.yaml:5:5: .*gpsu.*gpus/);
  expect(stderr).toMatch(/exp\.yaml:6:11: .*time/);
  expect((await m.slipway(repo, "config", "check", "exp.yaml")).exitCode).toBe(2);
});

test("a home that is not writable", async () => {
  await using m = await machine();
  const { path: repo } = await repository(m);
  await mkdir(m.home);
  await chmod(m.home, 0o555);
  await chmod(m.folder, 0o755);
  // Root may write everywhere: then somebody else runs it.
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const run = spawnSync(process.execPath, [bin, "run", "--", "true"], {
    cwd: repo,
    env: m.env,
    encoding: "utf8",
    ...nobody,
  });
  expect({ exitCode: run.status, stderr: run.stderr }).toMatchObject({
    exitCode: 4,
    stderr: expect.stringContaining(m.home),
  });
  expect(await readdir(m.home)).toEqual([]);
});

test.runIf(process.getuid?.() === 0)("a user who has no home at all", () => {
  const nameless = { uid: 54_321, gid: 54_321, encoding: "utf8" } as const;
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [bin, ...args], { ...nameless, cwd: "/", env: { PATH: process.env["PATH"] } });
  expect(run("--help")).toMatchObject({ status: 0, stderr: "" });
  expect(run("list")).toMatchObject({
    status: 2,
    stderr:
      "slipway: HOME is not set, and this user has no home folder\n" +
      "  → Set HOME, or SLIPWAY_HOME and XDG_CACHE_HOME, to folders that you can write to\n",
  });
});

test("a home whose place is taken by a file", async () => {
  await using m = await machine();
  const { path: repo } = await repository(m);
  await writeFile(m.home, "a file");
  const { exitCode, stderr } = await m.slipway(repo, "run", "--", "true");
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(m.home) });
});

test.runIf(process.getuid?.() === 0)(
  "a full disk, for the store or for an archive (a small disk is mounted, as root)",
  async () => {
    await using m = await machine();
    const { path: repo } = await repository(m, { blob: randomBytes(2_000_000) });
    const disk = path.join(m.folder, "disk");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=600k", "tmpfs", disk]);
    try {
      m.env["SLIPWAY_HOME"] = path.join(disk, "home");
      const run = await m.slipway(repo, "run", "--", "true");
      expect(run).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("No space left") });
      expect(await readdir(path.join(disk, "home/store/code"))).toEqual([]);
      expect(await readdir(path.join(disk, "home/store/trash"))).toEqual([]);
      const archive = await m.slipway(repo, "package", "--out", path.join(disk, "code.tar.gz"));
      expect(archive).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("No space is left") });
      expect(await readdir(disk)).toEqual(["home"]);
    } finally {
      execFileSync("umount", [disk]);
    }
  },
);

test("words that are wrong: an unknown command or option, nothing to run, a command without its dashes", async () => {
  await using m = await machine();
  const { path: repo } = await repository(m);
  const before = await snapshot(repo);
  const told = async (...args: readonly string[]) => {
    const { exitCode, stderr } = await m.slipway(repo, ...args);
    return `${exitCode} ${stderr}`;
  };
  expect(await told("rnu")).toMatch(/^2 .*unknown command 'rnu'\n.*Did you mean run\?/);
  expect(await told("run", "--gpsu", "3", "--", "true")).toMatch(
    /^2 .*unknown option '--gpsu'\n.*Did you mean --gpus\?/,
  );
  expect(await told("run")).toMatch(/^2 .*nothing to run.*\n.*slipway run -- /);
  expect(await told("run", "python")).toMatch(/^2 .*"python" is not an experiment file.*\n.*slipway run -- python/);
  expect(await told("run", "--nodes", "two", "--", "true")).toMatch(/^2 .*whole number/);
  expect(await told("run", "--env", "NOT_SET_ANYWHERE", "--", "true")).toMatch(/^2 .*NOT_SET_ANYWHERE is not set/);
  expect(await told("run", "--cluster", "dgx", "--", "true")).toMatch(/^[26] /);
  expect(await told("cancel", "x", "--signal", "FOO")).toMatch(/^2 .*no signal "FOO"/);
  expect(await snapshot(repo)).toEqual(before);
});

test.each([
  ["--time", "5x", 'expected a duration such as 4h, 90m, 1h30m or 1-12:30:00, got "5x"'],
  ["--mem", "5Q", 'expected memory such as 64G or 64000M, got "5Q"'],
  ["--array", "5-1", 'expected indices below 1000000 such as 0-9, 1,3,5-9:2 or 0-99%4, got "5-1"'],
])("an option's value that cannot be read is told with the option: %s %s", async (option, value, message) => {
  await using m = await machine();
  const { path: repo } = await repository(m);
  const { exitCode, stderr } = await m.slipway(repo, "run", option, value, "--", "true");
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`${option}: ${message}\n`)]);
});

test("an element that an array has not, and the log of a job that has written nothing", async () => {
  await using m = await machine();
  const { path: repo } = await repository(m);
  await m.slipway(repo, "run", "--name", "arr", "--array", "0-1", "--", "sh", "-c", 'echo "$SLIPWAY_ARRAY_INDEX"');
  const logs = async (...args: readonly string[]) => {
    const { exitCode, stdout, stderr } = await m.slipway(repo, "logs", ...args);
    return [exitCode, stdout, stderr.split("\n")[0]];
  };
  expect(await logs("arr/arr[1]")).toEqual([0, "1\n", ""]);
  expect(await logs("arr", "--array", "7")).toEqual([6, "", "slipway: arr has no element 7"]);
  expect((await logs("arr/arr[0-1]"))[0]).toBe(2);
  await m.slipway(repo, "run", "--name", "silent", "--", "true");
  expect(await logs("silent/silent[1]")).toEqual([2, "", "slipway: silent is no array and has no element 1"]);
  const note = expect.stringMatching(/^note: silent has written nothing in attempt 2; see slipway status silent-\w+$/);
  expect(await logs("silent", "--attempt", "2")).toEqual([0, "", note]);
});
