import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, cp, lstat, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { createManifest, manifestDigest, renderManifest } from "@slipway/core";
import { gitRepository, snapshot, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";
import type { Machine } from "./slipway.ts";

interface Run {
  readonly experiment: string;
  readonly digest: string;
  readonly uploadedBytes: number;
}

const files = {
  "train.py": "print('first')\n",
  "bin/run.sh": { content: "#!/bin/sh\necho run\n", mode: 0o755 },
  "data/a name\nwith a line": "odd\n",
  "data/empty": "",
  link: { symlink: "data/empty" },
};

/** A repository whose first code was run, and which is another now. */
async function ranAndChanged(m: Machine, ...options: readonly string[]): Promise<{ repo: string; first: Run }> {
  const repository = await gitRepository(path.join(m.folder, "repo"), { files });
  const repo = repository.path;
  await writeFile(path.join(repo, "train.py"), "print('first, uncommitted')\n");
  await writeFile(path.join(repo, "untracked.txt"), "left behind\n");
  const first = await m.json<Run>(repo, "run", "--wait", ...options, "--", "python3", "train.py");
  await writeFile(path.join(repo, "train.py"), "print('second')\n");
  await repository.git("commit", "-qam", "second");
  return { repo, first };
}

async function emptyStore({ home }: Machine): Promise<void> {
  await promisify(execFile)("chmod", ["-R", "u+w", path.join(home, "store")]);
  await rm(path.join(home, "store"), { recursive: true });
}

/** Kinds, modes, contents and links, by path. */
async function treeOf(directory: string) {
  const entries = Object.entries(await snapshot(directory));
  return Object.fromEntries(entries.map(([name, facts]) => [name, facts.replace(/mtimeNs=\d+/, "")]));
}

test("--reuse-code runs an earlier run's exact code, whatever lies here now, and packages nothing", async () => {
  await using m = await machine();
  const { repo, first } = await ranAndChanged(m);
  const run = await m.slipway(repo, "run", "--reuse-code", first.experiment, "--", "python3", "train.py");
  expect(run).toMatchObject({ exitCode: 0, stdout: "first, uncommitted\n" });
  expect(run.stderr).not.toContain("packaged");
  expect(run.stderr).toContain(`using the code of ${first.experiment}`);
  const elsewhere = path.join(m.folder, "elsewhere");
  await mkdir(elsewhere);
  const again = await m.json<Run>(elsewhere, "run", "--wait", "--reuse-code", first.experiment, "--", "true");
  expect(again).toMatchObject({ digest: first.digest, uploadedBytes: 0 });
  const [one, two] = await Promise.all(
    [first, again].map(({ experiment }) => m.json<{ code: object }>(repo, "show", experiment)),
  );
  expect(two?.code).toEqual({ ...one?.code, uploadedBytes: 0 });
});

test("code that the store has lost is made again of the recorded commit and patch, when that gives the same digest", async () => {
  await using m = await machine();
  const { repo, first } = await ranAndChanged(m);
  await emptyStore(m);
  const before = await snapshot(path.join(repo, ".git"));
  const run = await m.slipway(repo, "run", "--reuse-code", first.experiment, "--", "python3", "train.py");
  expect(run).toMatchObject({
    exitCode: 0,
    stdout: "first, uncommitted\n",
    stderr: expect.stringContaining("its patch"),
  });
  await emptyStore(m);
  expect(await m.slipway(repo, "restore", first.experiment, "../again")).toMatchObject({ exitCode: 0 });
  expect(await readFile(path.join(m.folder, "again/train.py"), "utf8")).toBe("print('first, uncommitted')\n");
  expect(await snapshot(path.join(repo, ".git"))).toEqual(before);
  expect((await readdir(m.folder)).toSorted()).toEqual(["again", "cache", "repo", "slipway home"]);
});

test("code that is gone is refused with why it cannot be made again, and nothing is run", async () => {
  await using m = await machine();
  const { repo, first } = await ranAndChanged(m, "--include", "untracked.txt");
  await emptyStore(m);
  const { error } = await m.json<{ error: object }>(repo, "run", "--reuse-code", first.experiment, "--", "true");
  expect(error).toMatchObject({
    code: "CLI_CODE_GONE",
    exitCode: 6,
    message: `The code of ${first.experiment} (${first.digest.slice(0, 12)}) is gone: not in the local store`,
    hint: expect.stringMatching(/commit \w+ and its patch give \w{12}, not \w{12}; files that git does not track/),
  });
  await rm(path.join(repo, ".git"), { recursive: true });
  const restore = await m.slipway(repo, "restore", first.experiment, "../again");
  expect(restore).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("no repository here has its commit") });
  expect(await m.json(repo, "list")).toHaveLength(1);
  expect(await readdir(m.folder)).not.toContain("again");
});

test("what packages has no meaning beside --reuse-code, and an experiment that is not there is not found", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files });
  const both = await m.slipway(repo, "run", "--reuse-code", "x", "--include", "y", "--code", "commit", "--", "true");
  expect(both).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--include, --code") });
  expect((await m.slipway(repo, "run", "--reuse-code", "nothing", "--", "true")).exitCode).toBe(6);
});

test("restore writes the exact code into a directory that is absent or empty", async () => {
  await using m = await machine();
  const { repo, first } = await ranAndChanged(m);
  await mkdir(path.join(m.folder, "empty"));
  const restored = await m.json<object>(repo, "restore", first.experiment, "../code");
  expect(restored).toEqual({
    experiment: first.experiment,
    digest: first.digest,
    directory: path.join(m.folder, "code"),
    files: 5,
    bytes: 28 + 19 + 4,
    from: "the local store",
  });
  await cp(repo, path.join(m.folder, "expected"), { recursive: true, verbatimSymlinks: true });
  await rm(path.join(m.folder, "expected/.git"), { recursive: true });
  await rm(path.join(m.folder, "expected/untracked.txt"));
  await writeFile(path.join(m.folder, "expected/train.py"), "print('first, uncommitted')\n");
  expect(await treeOf(path.join(m.folder, "code"))).toEqual(await treeOf(path.join(m.folder, "expected")));
  expect((await lstat(path.join(m.folder, "code/bin/run.sh"))).mode & 0o777).toBe(0o755);
  expect((await lstat(path.join(m.folder, "code/train.py"))).mode & 0o777).toBe(0o644);
  expect((await m.slipway(repo, "restore", first.experiment, "../empty")).exitCode).toBe(0);
  expect(await treeOf(path.join(m.folder, "empty"))).toEqual(await treeOf(path.join(m.folder, "code")));
});

test("restore never writes over anything: a directory with something in it, this one, or a folder that is not there", async () => {
  await using m = await machine();
  const { repo, first } = await ranAndChanged(m);
  const before = await snapshot(repo);
  const full = await m.slipway(repo, "restore", first.experiment, ".");
  expect(full).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("is not empty") });
  const here = path.join(m.folder, "here");
  await mkdir(here);
  expect((await m.slipway(here, "restore", first.experiment, ".")).exitCode).toBe(2);
  const nowhere = await m.slipway(repo, "restore", first.experiment, "../not/there");
  expect(nowhere).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("cannot be written") });
  expect(await snapshot(repo)).toEqual(before);
});

async function storedTree({ home }: Machine, digest: string): Promise<string> {
  const [instance = ""] = (await readdir(path.join(home, "store/code"))).filter((name) => name.startsWith(digest));
  return path.join(home, "store/code", instance);
}

test("code that is damaged in the store is never restored, not a file of it", async () => {
  await using m = await machine();
  const { repo, first } = await ranAndChanged(m);
  const file = path.join(await storedTree(m, first.digest), "tree/bin/run.sh");
  await chmod(file, 0o644);
  for (const content of ["#!/bin/sh\necho bad\n", "#!/bin/sh\n", "#!/bin/sh\necho run\n# and more\n"]) {
    await writeFile(file, content);
    const { error } = await m.json<{ error: object }>(repo, "restore", first.experiment, "../code");
    expect(error).toMatchObject({ code: "CLI_CODE_DAMAGED", exitCode: 4 });
  }
  expect((await readdir(m.folder)).toSorted()).toEqual(["cache", "repo", "slipway home"]);
});

test("whatever name a store's manifest has, nothing leads out of the directory", async () => {
  await using m = await machine();
  const { repo, first } = await ranAndChanged(m);
  const file = path.join(m.home, "runs", first.experiment, "experiment.json");
  const record = await readFile(file, "utf8");
  for (const name of ["../evil", "a/../../evil", "/evil", ".git/hooks/post-checkout", "x/.GIT/config"]) {
    const sha256 = createHash("sha256").update("evil\n").digest("hex");
    const manifest = createManifest([{ kind: "file", path: Buffer.from(name), mode: 0o644, size: 5, sha256 }]);
    const digest = manifestDigest(manifest);
    await writeFiles(path.join(m.home, `store/code/${digest}.0`), { evil: "evil\n", "tree/evil": "evil\n" });
    await writeFile(path.join(m.home, `store/code/${digest}.0/manifest`), renderManifest(manifest));
    await writeFile(file, record.replaceAll(first.digest, digest));
    const { error } = await m.json<{ error: object }>(repo, "restore", first.experiment, "../code");
    expect(error).toMatchObject({
      code: "CLI_CODE_DAMAGED",
      message: expect.stringContaining("a name that leads out of it"),
    });
    expect((await readdir(m.folder)).toSorted()).toEqual(["cache", "repo", "slipway home"]);
  }
});
