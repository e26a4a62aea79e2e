import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { eventually, gitRepository } from "@slipway/testing";
import { expect, test } from "vitest";

import { brief, expectGraphOutcomes, graphFile } from "./graphs.ts";
import type { Status } from "./graphs.ts";
import { finished, machine } from "./slipway.ts";

test("one file with a diamond, an array, a chain and a group: each job ends as Slurm would have it", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { "graph.yaml": graphFile } });
  await expectGraphOutcomes(m, repo);
  const status = await m.slipway(repo, "status", "graph");
  expect(status.stdout).toMatch(/^ {2}left\[0-1\] +✓ succeeded .*2 succeeded$/m);
  expect(status.stdout).toMatch(/^ {4}\.server +– cancelled .*group ended/m);
  expect((await m.slipway(repo, "status", "graph/left")).stdout).toMatch(/^ {4}\[1\] +✓ succeeded/m);
  const watched = await m.slipway(repo, "status", "--watch", "graph");
  expect(watched.stdout).toMatch(/^ {2}join .*← left, right \(any\)$/m);
  const shown = await m.slipway(repo, "show", "graph/chain-2");
  expect(shown.stdout).toContain("goes on   in the run directory of chain-1");
  const logs = await m.slipway(repo, "logs", "graph/serve");
  expect(logs.stdout).toBe("serve.client | asked\n");
});

test("running the failed jobs again keeps their graph, with the code of that run or the one here", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: {
      value: "old\n",
      "e.yaml": `name: e
jobs:
  ok: { run: "echo fine" }
  bad: { needs: ok, run: 'cat value; [ -e "$GO" ]', env: { GO: "${m.folder}/go" } }
  then: { needs: bad, run: "echo then" }
`,
    },
  });
  expect((await m.slipway(repo, "run", "e.yaml")).exitCode).toBe(1);
  const [first] = await m.json<readonly Status[]>(repo, "list");
  await writeFile(path.join(repo, "value"), "new\n");
  await writeFile(path.join(m.folder, "go"), "");
  const again = await m.slipway(repo, "rerun", first?.experiment ?? "", "--failed");
  expect({ exitCode: again.exitCode, stderr: again.stderr }).toMatchObject({ exitCode: 0 });
  expect(again.stdout).toBe("bad  | old\nthen | then\n");
  const current = await m.slipway(repo, "rerun", first?.experiment ?? "", "--code", "current");
  expect(current.stdout.split("\n").toSorted()).toEqual(["", "bad  | new", "ok   | fine", "then | then"]);
  const [last] = await m.json<readonly Status[]>(repo, "list");
  expect(await m.json(repo, "show", last?.experiment ?? "")).toMatchObject({ rerunOf: first?.experiment });
  const nothing = await m.slipway(repo, "rerun", last?.experiment ?? "", "--failed");
  expect([nothing.exitCode, nothing.stderr]).toEqual([2, expect.stringContaining("have succeeded")]);
});

test("cancelling one job tells which can never begin; the subtree is cancelled on request", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: {
      "e.yaml": `name: e
jobs:
  a: { run: "exec sleep 600" }
  b: { needs: a, run: "echo b" }
  c: { needs: { job: a, type: any }, run: "exec sleep 600" }
`,
    },
  });
  await m.slipway(repo, "run", "e.yaml", "--detach");
  const { stdout } = await m.slipway(repo, "cancel", "e/a");
  expect(stdout).toMatch(/^Asked to cancel e-\w{6}\/a\nThese need it, and cannot begin any more: b\n$/);
  await eventually("c to run", async () => (await m.json<Status>(repo, "status", "e")).jobs[2]?.state === "running");
  expect((await m.slipway(repo, "cancel", "e/a", "--subtree")).exitCode).toBe(0);
  expect((await m.slipway(repo, "wait", "e")).exitCode).toBe(7);
  expect((await m.json<Status>(repo, "status", "e")).jobs.map(brief)).toEqual(
    ["a cancelled", "b cancelled dependency_failed", "c cancelled"].map(
      (text) => expect.stringContaining(text) as string,
    ),
  );
});

test("options of a single command make arrays, chains, retries and waits for other experiments", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const array = await m.json<Status>(
    repo,
    "run",
    "--name",
    "arr",
    "--array",
    "0-2%2",
    "--wait",
    "--",
    "sh",
    "-c",
    "exit $SLIPWAY_ARRAY_INDEX",
  );
  expect(array.jobs[0]?.members?.map(({ state, exitCode }) => [state, exitCode])).toEqual([
    ["succeeded", 0],
    ["failed", 1],
    ["failed", 2],
  ]);
  const script = '[ "$SLIPWAY_ATTEMPT" = 2 ]';
  const retried = await m.json<Status>(
    repo,
    "run",
    "--name",
    "again",
    "--retries",
    "1",
    "--wait",
    "--",
    "sh",
    "-c",
    script,
  );
  expect(retried.jobs.map(({ state, attempt }) => [state, attempt])).toEqual([["succeeded", 2]]);
  const chain = await m.json<Status>(repo, "run", "--name", "c", "--repeat", "2", "--wait", "--", "true");
  expect(chain.jobs.map(({ name, state }) => [name, state])).toEqual([
    ["c-1", "succeeded"],
    ["c-2", "succeeded"],
  ]);
  const after = await m.json<Status>(repo, "run", "--name", "late", "--after", "arr:ok", "--wait", "--", "true");
  expect(after.jobs.map(brief)).toEqual(["late cancelled dependency_failed"]);
  const gone = await m.slipway(repo, "run", "--after", "nothing", "--", "true");
  expect([gone.exitCode, gone.stderr]).toEqual([6, expect.stringContaining('There is no experiment "nothing"')]);
});

test("values of a file are set on the command line, and mistakes are told with their place before anything is stored", async () => {
  await using m = await machine();
  const file = "name: e\njobs:\n  a: { run: 'echo {x}', matrix: { x: [1] } }\n";
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { "e.yaml": file } });
  const set = await m.slipway(repo, "run", "e.yaml", "--set", "jobs.a.matrix.x=[7]");
  expect(set.stdout).toBe("7\n");
  const wrong = await m.slipway(repo, "run", "e.yaml", "--set", "jobs.a.matrix={}");
  expect([wrong.exitCode, wrong.stderr]).toEqual([
    2,
    expect.stringMatching(/e\.yaml:3:\d+: jobs\.a\.run: the matrix has no value for \{x\}/),
  ]);
  const cycle = "name: e\njobs:\n  a: { run: x, needs: b }\n  b: { run: x, needs: a }\n";
  await writeFile(path.join(repo, "cycle.yaml"), cycle);
  const { exitCode, stderr } = await m.slipway(repo, "run", "cycle.yaml");
  expect([exitCode, stderr]).toEqual([
    2,
    expect.stringContaining("cycle.yaml:3:23: jobs.a.needs: these jobs wait for each other: a → b → a"),
  ]);
});

test("Ctrl-C ends watching with 130, and the jobs go on", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  await m.slipway(repo, "run", "--name", "e", "--detach", "--", "sleep", "600");
  const child = m.start(repo, "status", "--watch", "e");
  child.stdout?.once("data", () => child.kill("SIGINT"));
  const { exitCode, stderr } = await finished(child);
  expect([exitCode, stderr]).toEqual([130, expect.stringContaining("goes on")]);
  await m.slipway(repo, "cancel", "e");
  expect((await m.slipway(repo, "wait", "e")).exitCode).toBe(7);
});

test("a container that the cluster does not have is refused before anything is stored, with its place in a file", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: { "e.yaml": "name: e\njobs:\n  a: { run: x, container: troch }\n" },
  });
  const clusters = path.join(m.home, "clusters");
  await mkdir(clusters, { recursive: true });
  await writeFile(path.join(clusters, "here.yaml"), "executor: local\ncontainers: { torch: /images/torch.sqsh }\n");
  const ofFile = await m.slipway(repo, "run", "--cluster", "here", "e.yaml");
  expect([ofFile.exitCode, ofFile.stderr]).toEqual([
    2,
    expect.stringContaining('e.yaml:3:27: jobs.a.container: the cluster has no container "troch"; did you mean torch?'),
  ]);
  const ofCommand = await m.slipway(repo, "run", "--cluster", "here", "--container", "vllm", "--", "true");
  expect([ofCommand.exitCode, ofCommand.stderr]).toEqual([
    2,
    expect.stringContaining('The cluster has no container "vllm"\n  → Its containers are: torch'),
  ]);
  expect(await readdir(m.home)).toEqual(["clusters"]);
});

test.each([
  [["--set", "a=1", "--", "true"], "--set changes values of an experiment file"],
  [["--array", "9-1", "--", "true"], "--array: expected indices below 1000000 such as 0-9"],
  [["--warning", "KILL@3", "--", "true"], "--warning: expected a signal and the time before the limit"],
  [["--after", "a/b/c", "--", "true"], "Expected an experiment such as EXP"],
  [["--sbatch", "=x", "--", "true"], '"=x" is no option of sbatch'],
  [["--retries", "-1", "--", "true"], "Expected a whole number of at least 0"],
  [["--launcher", "mpirun", "--", "true"], "Allowed choices are none, torchrun"],
  [["--array", "0-3", "e.yaml"], "An option for a single job was given with an experiment file: array"],
  [["e.yaml", "--set", "jobs.a.run.b=1"], "cannot be set"],
])("run %j is wrong use, told in words", async (args, message) => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: { "e.yaml": "name: e\njobs:\n  a: { run: x }\n" },
  });
  const { exitCode, stderr } = await m.slipway(repo, "run", ...args);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
});
