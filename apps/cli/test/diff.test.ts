import { execFile } from "node:child_process";
import { mkdir, rm, unlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { gitRepository, snapshot } from "@slipway/testing";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";
import type { Machine } from "./slipway.ts";

async function run(m: Machine, repo: string, ...words: readonly string[]): Promise<string> {
  return (await m.json<{ experiment: string }>(repo, "run", "--wait", ...words)).experiment;
}

interface Difference {
  readonly code: { readonly digests: readonly string[]; readonly commits: readonly string[] };
}

/** Two runs that differ in everything that can. */
async function twoRuns(m: Machine) {
  m.env["TOKEN"] = "s3cret-value";
  const repository = await gitRepository(path.join(m.folder, "repo"), {
    files: { "train.py": "print(1)\n", "same.txt": "same\n", "old.txt": "old\n", "run.sh": "#!/bin/sh\n" },
  });
  const repo = repository.path;
  const before = await run(m, repo, "--name", "one", "--env", "A=1", "--env", "B=1", "--", "python3", "train.py");
  await writeFile(path.join(repo, "train.py"), "print(2)\n");
  await writeFile(path.join(repo, "new.txt"), "new\n");
  await unlink(path.join(repo, "old.txt"));
  await repository.git("add", "-A");
  await repository.git("update-index", "--chmod=+x", "run.sh");
  await promisify(execFile)("chmod", ["+x", path.join(repo, "run.sh")]);
  await repository.git("commit", "-qm", "second");
  const options = ["--name", "two", "--cpus", "1", "--env", "A=s3cret-value", "--env", "C=1", "--secret", "TOKEN"];
  const after = await run(m, repo, ...options, "--", "sh", "-c", "echo it's");
  return { repo, before, after };
}

test("diff tells the files, the command, the resources and the names of variables that differ, and no value of one", async () => {
  await using m = await machine();
  const { repo, before, after } = await twoRuns(m);
  const result = await m.slipway(repo, "diff", before, after, "--json");
  expect(JSON.parse(result.stdout)).toEqual({
    experiments: [before, after],
    code: {
      digests: [expect.stringMatching(/^[0-9a-f]{64}$/), expect.stringMatching(/^[0-9a-f]{64}$/)],
      commits: [expect.stringMatching(/^[0-9a-f]{40}$/), expect.stringMatching(/^[0-9a-f]{40}$/)],
      same: false,
      files: { added: ["new.txt"], removed: ["old.txt"], changed: ["run.sh", "train.py"] },
    },
    jobs: [
      {
        names: ["one", "two"],
        differences: {
          command: [
            { kind: "argv", argv: ["python3", "train.py"] },
            { kind: "argv", argv: ["sh", "-c", "echo it's"] },
          ],
          "resources.cpusPerTask": [null, 1],
        },
        env: { added: ["C"], removed: ["B"], changed: ["A"] },
        secrets: { added: ["TOKEN"], removed: [], changed: [] },
      },
    ],
  });
  const { stdout, stderr } = await m.slipway(repo, "diff", before, after);
  const { code } = JSON.parse(result.stdout) as Difference;
  const short = (texts: readonly string[], length: number) => texts.map((text) => text.slice(0, length)).join(" → ");
  expect(stdout).toBe(
    [
      `${before} → ${after}`,
      `code    ${short(code.digests, 12)}`,
      `commit  ${short(code.commits, 10)}`,
      "  + new.txt",
      "  - old.txt",
      "  ~ run.sh",
      "  ~ train.py",
      "job     one → two",
      "  command: python3 train.py → sh -c 'echo it'\\''s'",
      "  resources.cpusPerTask: – → 1",
      "  + C (variable)",
      "  - B (variable)",
      "  ~ A (variable)",
      "  + TOKEN (secret)",
      "",
    ].join("\n"),
  );
  expect(`${result.stdout}${stdout}${stderr}`).not.toContain("s3cret");
});

test("a run beside one that is its equal differs in nothing", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const [one, two] = [await run(m, repo, "--", "true"), await run(m, repo, "--", "true")];
  expect(await m.json<object>(repo, "diff", one, two)).toMatchObject({
    code: { same: true, files: { added: [], removed: [], changed: [] } },
    jobs: [],
  });
  expect((await m.slipway(repo, "diff", one, two)).stdout).toMatch(
    /\ncode {4}the same \(\w{12}\)\njobs {4}the same\n$/,
  );
  expect(await m.slipway(repo, "diff", one, two, "--patch")).toMatchObject({ exitCode: 0, stdout: "" });
});

test("--patch is what git apply makes the second code of the first with", async () => {
  await using m = await machine();
  const { repo, before, after } = await twoRuns(m);
  const { stdout } = await m.slipway(repo, "diff", before, after, "--patch");
  expect(stdout).toContain("-print(1)\n+print(2)\n");
  for (const [name, experiment] of Object.entries({ first: before, second: after }))
    expect((await m.slipway(repo, "restore", experiment, `../${name}`)).exitCode).toBe(0);
  await writeFile(path.join(m.folder, "patch"), stdout);
  await promisify(execFile)("git", ["apply", "../patch"], { cwd: path.join(m.folder, "first") });
  const [first, second] = await Promise.all(["first", "second"].map((name) => contents(path.join(m.folder, name))));
  expect(first).toEqual(second);
});

async function contents(directory: string) {
  const entries = Object.entries(await snapshot(directory));
  return Object.fromEntries(entries.map(([name, facts]) => [name, facts.replace(/mtimeNs=\d+/, "")]));
}

test("where one code is gone the rest is compared all the same, and it is told why the files are not", async () => {
  await using m = await machine();
  const { repo, before, after } = await twoRuns(m);
  await promisify(execFile)("chmod", ["-R", "u+w", path.join(m.home, "store")]);
  await rm(path.join(m.home, "store"), { recursive: true });
  await rm(path.join(repo, ".git"), { recursive: true });
  await mkdir(path.join(m.folder, "elsewhere"));
  expect(await m.json<object>(path.join(m.folder, "elsewhere"), "diff", before, after)).toMatchObject({
    code: { same: false, gone: expect.stringContaining("no repository here has its commit") },
    jobs: [{ names: ["one", "two"] }],
  });
  expect(await m.json<object>(repo, "diff", before, after, "--patch")).toMatchObject({
    error: { code: "CLI_CODE_GONE", exitCode: 6 },
  });
});

test("jobs that only one of the two has are named", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: {
      "a.yaml": "name: a\njobs: { a: { run: 'true' }, b: { run: 'true' } }\n",
      "b.yaml": "name: b\njobs: { b: { run: 'true' }, c: { run: 'true' } }\n",
    },
  });
  const [one, two] = [await run(m, repo, "a.yaml"), await run(m, repo, "b.yaml")];
  const nothing = {
    differences: {},
    env: { added: [], removed: [], changed: [] },
    secrets: { added: [], removed: [], changed: [] },
  };
  expect(await m.json<object>(repo, "diff", one, two)).toMatchObject({
    jobs: [
      { names: ["a", null], ...nothing },
      { names: [null, "c"], ...nothing },
    ],
  });
});

test("an experiment that is not there is not found", async () => {
  await using m = await machine();
  expect((await m.slipway(m.folder, "diff", "one", "two")).exitCode).toBe(6);
});
