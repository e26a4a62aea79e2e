import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { eventually, gitRepository, snapshot, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { finished, machine } from "./slipway.ts";

interface Status {
  readonly experiment: string;
  readonly state: string;
  readonly jobs: readonly {
    readonly name: string;
    readonly state: string;
    readonly exitCode?: number;
    readonly signal?: number;
  }[];
}

const storeCopies = async (home: string) =>
  (await readdir(path.join(home, "store/code"))).filter((name) => !name.startsWith("."));

test("a command runs on the packaged code, its output is shown, and success is exit code 0", async () => {
  await using m = await machine();
  const repo = path.join(m.folder, "repo");
  await gitRepository(repo, { files: { "train.sh": "echo training on $1; pwd\n", "data/x.txt": "x" } });
  await writeFile(path.join(repo, "notes.txt"), "mine");
  const before = await snapshot(repo);

  const { exitCode, stdout, stderr } = await m.slipway(repo, "run", "--", "sh", "train.sh", "data/x.txt");

  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(stdout.split("\n")[0]).toBe("training on data/x.txt");
  expect(stdout.split("\n")[1]).not.toContain(repo);
  expect(stderr).toContain("packaged 2 files");
  expect(stderr).toContain("left behind, not tracked by git: notes.txt");
  expect(stderr).toMatch(/train-\w{6} submitted/);
  expect(stderr).toMatch(/succeeded/);
  expect(await snapshot(repo)).toEqual(before);
});

test("the exit code of a single local job is slipway's own", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  expect((await m.slipway(repo, "run", "--", "sh", "-c", "exit 3")).exitCode).toBe(3);
  expect((await m.slipway(repo, "run", "--", "sh", "-c", "kill -9 $$")).exitCode).toBe(137);
});

test("--json prints one document with the job's outcome, and nothing else on stdout", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const { stdout, stderr, exitCode } = await m.slipway(
    repo,
    "run",
    "--json",
    "--name",
    "demo",
    "--",
    "sh",
    "-c",
    "echo noise; exit 4",
  );
  expect(exitCode).toBe(4);
  expect(stderr).toContain("noise\n");
  expect(JSON.parse(stdout)).toMatchObject({
    experiment: expect.stringMatching(/^demo-\w{6}$/),
    cluster: "local",
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    uploadedBytes: expect.any(Number),
    jobs: [{ name: "demo", state: "failed", exitCode: 4, attempt: 1, evidence: expect.any(Array) }],
  });
});

test("the same code is stored once, changed code once more, and a running job keeps the code it started with", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: { "job.sh": 'while [ ! -e "$SLIPWAY_RUN_DIR/go" ]; do sleep 0.05; done; cat value\n', value: "old\n" },
  });
  const first = await m.json<Status>(repo, "run", "--detach", "--name", "first", "--", "sh", "job.sh");
  await m.json<Status>(repo, "run", "--detach", "--name", "again", "--", "true");
  expect(await storeCopies(m.home)).toHaveLength(1);

  await writeFile(path.join(repo, "value"), "new\n");
  expect((await m.slipway(repo, "run", "--name", "second", "--", "cat", "value")).stdout).toBe("new\n");
  expect(await storeCopies(m.home)).toHaveLength(2);

  await writeFile(path.join(m.home, "runs", first.experiment, "first/run/go"), "");
  const waited = await m.slipway(repo, "wait", first.experiment);
  expect(waited.exitCode).toBe(0);
  expect((await m.slipway(repo, "logs", first.experiment)).stdout).toBe("old\n");
});

test("an experiment file's jobs run in their order, and each line of output names its job", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: {
      "exp.yaml": [
        "name: graph",
        "jobs:",
        "  last: { needs: [left, right], run: 'cd \"$SLIPWAY_RUN_DIR/../..\" && cat left/run/out right/run/out' }",
        "  left: { needs: first, run: 'echo left > \"$SLIPWAY_RUN_DIR/out\"' }",
        "  right: { needs: first, run: 'echo right > \"$SLIPWAY_RUN_DIR/out\"' }",
        "  first: { argv: [echo, one] }",
        "",
      ].join("\n"),
    },
  });
  const { exitCode, stdout, stderr } = await m.slipway(repo, "run", "exp.yaml");
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(stdout.split("\n").filter(Boolean).toSorted()).toEqual(["first | one", "last  | left", "last  | right"]);
});

test("a job whose need failed does not run, is cancelled with the reason, and the experiment has failed", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: {
      "exp.yaml":
        "name: graph\njobs:\n  a: { run: exit 5 }\n  b: { needs: a, run: echo never }\n  c: { needs: { job: a, type: any }, run: echo anyway }\n",
    },
  });
  const { exitCode, stdout } = await m.slipway(repo, "run", "exp.yaml", "--json");
  expect(exitCode).toBe(1);
  const { jobs } = JSON.parse(stdout);
  expect(jobs).toMatchObject([
    { name: "a", state: "failed", exitCode: 5 },
    { name: "b", state: "cancelled", reason: "dependency_failed" },
    { name: "c", state: "succeeded" },
  ]);
});

test("after kill -9 of slipway, status, logs and wait of another terminal are right", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: { "job.sh": 'echo begun; while [ ! -e "$SLIPWAY_RUN_DIR/go" ]; do sleep 0.05; done; echo done; exit 6\n' },
  });
  const child = m.start(repo, "run", "--name", "long", "--", "sh", "job.sh");
  let seen = "";
  child.stdout?.on("data", (chunk: Buffer) => (seen += chunk.toString()));
  await eventually("the job's first line", () => seen.includes("begun"));
  child.kill("SIGKILL");

  const [running] = await m.json<readonly Status[]>(repo, "status");
  expect(running).toMatchObject({ state: "running", jobs: [{ name: "long", state: "running" }] });
  if (!running) throw new Error("no status");
  const following = m.start(repo, "logs", "-f", "long");
  await writeFile(path.join(m.home, "runs", running.experiment, "long/run/go"), "");
  expect((await finished(following)).stdout).toBe("begun\ndone\n");
  expect((await m.slipway(repo, "wait", "long")).exitCode).toBe(6);
  expect(await m.json<Status>(repo, "status", "long")).toMatchObject({
    state: "failed",
    jobs: [{ state: "failed", exitCode: 6 }],
  });
  expect((await m.slipway(repo, "logs", "-n", "1", "long")).stdout).toBe("done\n");
});

test("Ctrl-C stops following with 130, and the job goes on until it is cancelled", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const child = m.start(repo, "run", "--name", "long", "--", "sh", "-c", "echo begun; sleep 300");
  child.stdout?.once("data", () => child.kill("SIGINT"));
  const { exitCode, stderr } = await finished(child);
  expect(exitCode).toBe(130);
  expect(stderr).toMatch(/Stopped following; long-\w{6} goes on\.\n.*slipway cancel long-/);
  expect(await m.json<readonly Status[]>(repo, "status")).toMatchObject([{ state: "running" }]);
  expect((await m.slipway(repo, "cancel", "long")).exitCode).toBe(0);
  expect((await m.slipway(repo, "wait", "long")).exitCode).toBe(7);
  expect(await m.json<Status>(repo, "status", "long")).toMatchObject({ state: "cancelled" });
});

test("when nobody reads the output any more, following stops and says that the job goes on", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const child = m.start(repo, "run", "--name", "chatty", "--", "sh", "-c", "while echo line; do sleep 0.05; done");
  child.stdout?.once("data", () => child.stdout?.destroy());
  const { exitCode, stderr } = await finished(child);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 130, stderr: expect.stringMatching(/chatty-\w{6} goes on/) });
  expect((await m.slipway(repo, "cancel", "chatty")).exitCode).toBe(0);
  expect((await m.slipway(repo, "wait", "chatty")).exitCode).toBe(7);
});

test("a dry run prints the exact script and touches nothing", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const before = await snapshot(repo);
  const { exitCode, stdout, stderr } = await m.slipway(
    repo,
    "run",
    "--dry-run",
    "--name",
    "demo",
    "--",
    "echo",
    "it's $HOME",
  );
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(stdout).toMatch(/^#!\/bin\/sh\n/);
  expect(stdout).toContain("set -- echo 'it'\\''s $HOME'");
  expect(await snapshot(repo)).toEqual(before);
  expect(await readdir(m.folder)).toEqual(expect.not.arrayContaining(["slipway home"]));
});

test("--env sets variables, and a secret reaches the job but no file that others can read", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  m.env["API_KEY"] = "s3cret value's";
  const options = ["--name", "demo", "--env", "A=b c", "--env", "HOME", "--secret", "API_KEY"];
  const script = 'printf "%s|%s|%s" "$A" "$HOME" "${#API_KEY}"';
  const { stdout, exitCode } = await m.slipway(repo, "run", ...options, "--", "sh", "-c", script);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `b c|${m.folder}|14` });
  const holders: string[] = [];
  for (const entry of await readdir(m.home, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && (await readFile(file, "utf8")).includes("s3cret")) holders.push(path.basename(file));
  }
  expect(holders).toEqual(["secrets"]);
});

test("two runs at once in one repository are two right experiments with one copy of the code or two", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { value: "v1\n" } });
  const results = await Promise.all(
    ["one", "two"].map((name) => m.slipway(repo, "run", "--name", name, "--", "sh", "-c", `echo ${name}; cat value`)),
  );
  expect(results.map(({ exitCode, stdout }) => [exitCode, stdout])).toEqual([
    [0, "one\nv1\n"],
    [0, "two\nv1\n"],
  ]);
  expect((await m.json<readonly Status[]>(repo, "list")).map(({ state }) => state)).toEqual(["succeeded", "succeeded"]);
  const { stdout } = await m.slipway(repo, "run", "--name", "three", "--", "cat", "value");
  expect(stdout).toBe("v1\n");
});

test("a time limit ends the job as timed_out, exit code 1", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const { exitCode, stderr } = await m.slipway(
    repo,
    "run",
    "--name",
    "slow",
    "--time",
    "0:00:01",
    "--",
    "sleep",
    "300",
  );
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("timed_out") });
});

test("show tells the command, the code, the state and the paths", async () => {
  await using m = await machine();
  const repository = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const commit = (await repository.git("rev-parse", "HEAD")).trim();
  await m.slipway(repository.path, "run", "--name", "demo", "--", "echo", "a b");
  const { stdout } = await m.slipway(repository.path, "show", "demo");
  expect(stdout).toContain("command   echo 'a b'");
  expect(stdout).toContain(`commit      ${commit} on main`);
  const record = await m.json<Record<string, unknown>>(repository.path, "show", "demo");
  expect(record).toMatchObject({
    version: 1,
    name: "demo",
    cwd: repository.path,
    state: "succeeded",
    code: { commit, branch: "main", dirty: false, files: 1, bytes: 1 },
    jobs: [
      { name: "demo", command: { kind: "argv", argv: ["echo", "a b"] }, status: { state: "succeeded", exitCode: 0 } },
    ],
  });
});

test("list shows experiments newest first, and filters by state", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  await m.slipway(repo, "run", "--name", "good", "--", "true");
  await m.slipway(repo, "run", "--name", "bad", "--", "false");
  const rows = await m.json<readonly Record<string, unknown>[]>(repo, "list");
  expect(rows.map(({ name, state, cluster, pinned }) => [name, state, cluster, pinned])).toEqual([
    ["bad", "failed", "local", false],
    ["good", "succeeded", "local", false],
  ]);
  const { stdout } = await m.slipway(repo, "list", "--state", "failed");
  expect(stdout).toMatch(
    /^EXPERIMENT {2,}CLUSTER {2}STATE {2,}AGE {2,}COMMIT {2,}CODE\nbad-\w{6} {2,}local {4}✗ failed {2}/,
  );
  expect(stdout).not.toContain("good");
});

test("commands that follow other files' names and options of the job's own command are passed on as they are", async () => {
  await using m = await machine();
  const repo = path.join(m.folder, "a repo 'with' $(odd) name");
  await gitRepository(repo, { files: { "print.sh": 'for a; do printf "<%s>" "$a"; done\n' } });
  await writeFiles(repo, {});
  const args = ["--json", "--help", "-f", "a  b", "", "é", "$(touch pwned)", "'", "--"];
  const { stdout } = await m.slipway(repo, "run", "--", "sh", "print.sh", ...args);
  expect(stdout).toBe(args.map((arg) => `<${arg}>`).join(""));
});
